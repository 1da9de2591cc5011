"""The unit: systemd accepts it, and its sandbox is tight."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parent.parent / "systemd" / "dms.service"
pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def analyze(*arguments: str, unit: Path = UNIT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments, str(unit)], capture_output=True, text=True, timeout=60, check=False
    )


def exposure(unit: Path) -> float:
    result = analyze("security", "--offline=true", "--no-pager", unit=unit)
    found = re.search(r"exposure level for dms.service: ([\d.]+)", result.stdout)
    assert found is not None, result.stdout + result.stderr
    return float(found.group(1))


def test_systemd_finds_nothing_wrong() -> None:
    result = analyze("verify")
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


def lines() -> list[str]:
    return UNIT.read_text(encoding="utf-8").splitlines()


def test_it_is_never_given_up_but_a_wrong_configuration_is_not_tried_again() -> None:
    assert {"StartLimitIntervalSec=0", "Restart=always", "RestartPreventExitStatus=2"} <= set(lines())


def test_a_crash_leaves_time_to_start_within_five_seconds() -> None:
    (pause,) = [float(line.removeprefix("RestartSec=")) for line in lines() if line.startswith("RestartSec=")]
    assert pause <= 2


def test_the_only_devices_are_cameras_pins_and_loudspeakers() -> None:
    assert "DevicePolicy=closed" in lines()
    allowed = {line.removeprefix("DeviceAllow=").split()[0] for line in lines() if line.startswith("DeviceAllow=")}
    assert allowed == {"char-video4linux", "char-media", "char-dma_heap", "char-gpiochip", "char-alsa"}


def test_the_daemon_may_listen_on_its_local_socket() -> None:
    (families,) = [line for line in lines() if line.startswith("RestrictAddressFamilies=")]
    assert "AF_UNIX" in families
    # its group enters the state folder; the runtime folder is the second choice of dms.service.control
    assert {"StateDirectoryMode=0750", "RuntimeDirectory=dms"} <= set(lines())


def test_exposure_is_lower_when_only_the_broker_may_be_reached(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    # what deploy/install.sh --only-network adds
    addresses = "\n[Service]\nIPAddressDeny=any\nIPAddressAllow=localhost 192.0.2.1\n"
    unit.write_text(UNIT.read_text(encoding="utf-8") + addresses, encoding="utf-8")
    assert exposure(unit) < exposure(UNIT)


def test_exposure_is_at_most_two() -> None:
    assert exposure(UNIT) <= 2.0
