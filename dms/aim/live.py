"""Looks through a camera for as long as somebody wants to: a verdict and, where it is wanted, a picture.

Takes a camera that nobody else holds, gives ``Seen`` as pictures come. The daemon gives the same of its own camera.
"""

from collections.abc import Callable, Generator

from dms.aim.picture import drawn, jpeg
from dms.aim.seen import PICTURES_HZ, Seen
from dms.aim.viewer import Lookout
from dms.config import Config
from dms.frames.live import LiveCapture
from dms.frames.source import Source

_WAIT_S = 0.25


def watch_camera(source: Source, config: Config, wanted: Callable[[], bool]) -> Generator[Seen, None, None]:
    """Look through a camera until the generator is closed, or a recording that is played ends.

    Args:
        source: The camera, or a recording at its own pace.
        config: Models and limits.
        wanted: Whether somebody looks at pictures now.

    Raises:
        UserError: A model cannot be used, or a recording is broken.
    """
    lookout = Lookout(config)
    capture = LiveCapture(source, config.camera.retry_s, config.camera.stall_s)
    capture.start()
    told_t = -1.0
    try:
        while not capture.ended:
            frame = capture.take(_WAIT_S)
            if frame is None:
                yield Seen(fault=capture.status.error)
                continue
            seen = lookout.observe(frame)
            if told_t >= 0.0 and frame.t - told_t < 0.9 / PICTURES_HZ:
                continue
            told_t = frame.t
            aim = lookout.viewer.aim() if lookout.viewer.ready else None
            view = drawn(lookout.sight(frame, seen), aim.verdict if aim else None) if wanted() else None
            yield Seen(aim, None if view is None else jpeg(view))
    finally:
        capture.stop()
    if capture.failure is not None:
        raise capture.failure
