"""Builds and steers the V4L2 camera of fake_v4l2.c."""

import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("fake_v4l2.c")


def build(folder: Path) -> Path:
    """Compile the library that is preloaded; skips where there is no compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler: the V4L2 camera of these tests is a small library in C")
    library = folder / "fake_v4l2.so"
    command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE), "-ldl"]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode:
        pytest.skip(f"the V4L2 camera of these tests needs Linux headers: {built.stderr[-300:]}")
    return library


class FakeV4l2:
    """A camera below /dev that does as it is told.

    Args:
        device: Stands for the device; a file in /dev/shm.
        library: What ``build`` made.
    """

    def __init__(self, device: Path, library: Path) -> None:
        self.device = device
        self.environment = {"FAKE_V4L2": str(device), "LD_PRELOAD": str(library)}
        self._log = device.with_name(device.name + ".log")

    def do(self, does: str = "work", **abilities: str) -> None:
        """Plug it in, or let it behave differently from the next picture on."""
        known = {"formats": "YUYV,MJPG", "sizes": "640x480,1280x720", "fps": "30", "clock": "monotonic"}
        text = " ".join(f"{name}={value}" for name, value in {**known, "does": does, **abilities}.items())
        # renamed into place: the camera reads it all the time
        partial = self.device.with_name(self.device.name + ".partial")
        partial.write_text(text + "\n")
        partial.replace(self.device)

    def pull(self) -> None:
        """Unplug it."""
        self.device.unlink(missing_ok=True)

    @property
    def asked(self) -> list[str]:
        """What was asked of it so far: controls as ``id=value``, and streams as ``stream YUYV 640x480 15``."""
        return self._log.read_text().splitlines() if self._log.exists() else []

    def close(self) -> None:
        """Leave nothing behind."""
        self.pull()
        self._log.unlink(missing_ok=True)
