"""What the tests of the daemon share: a clip with a closure in it, and processes that are ended for sure."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest

from dms.demo import SAMPLE_DRIVE

from .process import Dms, Systemd

FROM_S, AWAKE_S, OVER_S = 3.0, 9.0, 13.0  # of the sample drive: a closure of 1.6 s, blinks; the alert ends at 9.75 s
FPS = 20


def write_clip(path: Path, to_s: float, times: int = 1) -> None:
    """Write a part of the sample drive, so many times over."""
    reader = cv2.VideoCapture(str(SAMPLE_DRIVE))
    images = [reader.read()[1] for _ in range(int(to_s * FPS))][int(FROM_S * FPS) :]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (480, 360))
    for image in images * times:
        writer.write(image)
    writer.release()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds with one closure of 1.6 s, whose alert ends three seconds before they do; then the recording is over.

    For what must end by itself, or needs no alert: a machine that stands still for a moment may not see this closure.
    """
    path = tmp_path_factory.mktemp("clip") / "clip.avi"
    write_clip(path, OVER_S)
    return path


@pytest.fixture(scope="session")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two minutes of the first six of these seconds, over and over: twenty closures, each with an alert that ends."""
    path = tmp_path_factory.mktemp("drive") / "drive.avi"
    write_clip(path, AWAKE_S, times=20)
    return path


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Dms]]:
    """Starts `dms run`: ``start(port, source, extra=..., environment=...)``."""
    started: list[Dms] = []

    def make(*arguments: Any, **options: Any) -> Dms:
        started.append(Dms(tmp_path, *arguments, **options))
        return started[-1]

    yield make
    for dms in started:
        dms.close()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    """Listens where systemd would; its ``address`` goes into NOTIFY_SOCKET."""
    end = Systemd(tmp_path)
    yield end
    end.close()
