"""`dms aim` as a command, and a network camera for it that shows the sample."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.aim.scenes import sample
from tests.mjpeg import MjpegCamera, jpeg


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run `dms aim` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "dms", "aim", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@contextmanager
def sample_camera() -> Iterator[MjpegCamera]:
    """A network camera that shows the sample again and again."""
    camera = MjpegCamera([jpeg(picture) for picture in sample()], fps=10.0)
    camera.switch_on()
    yield camera
    camera.switch_off()
