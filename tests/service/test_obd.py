"""Vehicle speed from a car: an ELM327 emulator on a pseudo-terminal, read by the real python-OBD."""

import importlib.util
import itertools
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dms.config import ObdSettings
from dms.driver.inputs import VehicleSpeed
from dms.errors import UserError
from dms.service.obd import SpeedReader
from tests.conftest import until

from .process import Dms, wait_for

pytest.importorskip("obd", reason="python-OBD is not installed: pip install 'dms[obd]'")


class Car:
    """A car whose adapter is at a path that stays, as udev names one."""

    def __init__(self, folder: Path) -> None:
        self.port = folder / "tty"
        self._told = folder / "elm"
        self._running: subprocess.Popen[bytes] | None = None

    def switch_on(self) -> None:
        self._told.unlink(missing_ok=True)
        command = [sys.executable, "-m", "elm", "-s", "car", "-b", str(self._told)]
        self._running = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.port.parent,
        )
        until(lambda: self._told.exists() and "STARTED" in self._told.read_text(), 60.0)
        self.port.unlink(missing_ok=True)
        self.port.symlink_to(self._told.read_text().partition("\n")[0])

    def switch_off(self) -> None:
        if self._running is not None:
            self._running.kill()
            self._running.wait()
            self._running = None


@pytest.fixture
def car(tmp_path: Path) -> Iterator[Car]:
    if importlib.util.find_spec("elm") is None:
        pytest.skip("the emulator is not installed: pip install ELM327-emulator")
    made = Car(tmp_path)
    yield made
    made.switch_off()


@pytest.fixture
def read() -> Iterator[Callable[[Path], list[VehicleSpeed]]]:
    """Starts a reader; gives the list to which it adds what it hears."""
    readers = []

    def start(port: Path) -> list[VehicleSpeed]:
        heard: list[VehicleSpeed] = []
        settings = ObdSettings(port=str(port), baudrate=38400, interval_s=0.1, retry_s=1.0)
        reader = SpeedReader(settings, heard.append, time.monotonic)
        readers.append(reader)
        reader.start()
        return heard

    yield start
    for reader in readers:
        reader.stop()


def known(heard: list[VehicleSpeed]) -> list[float]:
    return [speed.kmh for speed in list(heard) if speed.kmh is not None]


def test_the_speed_is_read_again_and_again(car: Car, read: Callable[[Path], list[VehicleSpeed]]) -> None:
    car.switch_on()
    heard = read(car.port)
    speeds = until(lambda: len(known(heard)) >= 10 and known(heard), 60.0)
    assert all(0 <= speed <= 255 for speed in speeds)
    assert len(set(speeds)) > 1, "the emulated car accelerates"
    assert all(after.t > before.t for before, after in itertools.pairwise(list(heard)))


def test_an_adapter_that_is_absent_or_goes_silent_is_unknown_and_is_found_again(
    car: Car, read: Callable[[Path], list[VehicleSpeed]]
) -> None:
    heard = read(car.port)
    for _ in range(2):
        before = len(known(heard))
        car.switch_on()
        until(lambda: len(known(heard)) > before, 60.0)  # noqa: B023
        car.switch_off()
        until(lambda: heard[-1].kmh is None, 60.0)


def test_an_adapter_that_never_answered_takes_back_nothing_that_others_say(
    tmp_path: Path, read: Callable[[Path], list[VehicleSpeed]], caplog: pytest.LogCaptureFixture
) -> None:
    heard = read(tmp_path / "tty")
    until(lambda: "no answer from the car" in caplog.text, 60.0)
    time.sleep(1.5)  # it has been tried once more
    assert heard == []


def test_a_daemon_whose_adapter_is_absent_watches_on(start: Callable[..., Dms]) -> None:
    dms = start(1, "/dev/video99", extra='[obd]\nport = "/nowhere/tty"\n')
    wait_for(lambda: "OBD-II at /nowhere/tty: no answer from the car" in dms.errors)
    assert dms.end()[0] == 0
    assert "Traceback" not in dms.errors


def test_without_the_extra_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obd", None)
    with pytest.raises(UserError, match=r"pip install 'dms\[obd\]'"):
        SpeedReader(ObdSettings(port="/dev/ttyUSB0"), lambda _: None, time.monotonic)
