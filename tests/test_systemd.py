"""The unit: systemd accepts it, and its sandbox is tight."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parent.parent / "systemd" / "dms.service"
pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments, str(UNIT)], capture_output=True, text=True, timeout=60, check=False
    )


def test_systemd_finds_nothing_wrong() -> None:
    result = analyze("verify")
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


def test_it_is_never_given_up_and_never_killed_by_a_reload() -> None:
    lines = UNIT.read_text(encoding="utf-8").splitlines()
    assert "StartLimitIntervalSec=0" in lines
    assert "RestartPreventExitStatus=2" in lines
    assert not [line for line in lines if line.startswith("ExecReload")]


def test_exposure_is_at_most_two() -> None:
    result = analyze("security", "--offline=true", "--no-pager")
    exposure = re.search(r"exposure level for dms.service: ([\d.]+)", result.stdout)
    assert exposure is not None, result.stdout + result.stderr
    assert float(exposure.group(1)) <= 2.0
