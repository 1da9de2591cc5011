"""What ``dms check`` says of the camera: whether it gives pictures, and whether they show the driver.

Takes a configuration, gives a verdict in words. Shares the judgement of ``dms aim``.
"""

import time
from contextlib import closing
from itertools import islice

from dms.aim.stretch import best_stretch
from dms.aim.verdict import Aim, Problem, Verdict
from dms.aim.viewer import Lookout
from dms.config import Config
from dms.errors import WorldError
from dms.frames.camera import open_source
from dms.frames.source import Source
from dms.service.look_through import daemon_view
from dms.service.problems import Verdict as Answer

_SETTLES = 5
"""The first pictures of a camera are often dark: it is still finding its exposure."""
_CAMERA_S, _RECORDING_S = 3.0, 10.0
"""Seconds of it that are looked at."""
_LOADS_S = 3.0
"""What a daemon may take to load the nets that look for other faces."""
_EXPLAINED = frozenset({Problem.NO_FACE, Problem.DARK})
"""What an empty seat or a garage explains."""


def check_camera(config: Config) -> tuple[Answer, str]:
    """Look through the camera for some seconds.

    Raises:
        UserError: The source cannot be one, or a model cannot be used.
        WorldError: The camera gives no pictures.
    """
    source = open_source(config.camera)
    aim = _look(source, config) if source.live else best_stretch(source, config, _RECORDING_S).aim
    return _said(source.name, aim)


def check_daemon_camera(config: Config) -> tuple[Answer, str] | None:
    """Look through the running daemon's camera for some seconds; None where nothing came of it.

    Raises:
        WorldError: The daemon does not answer.
    """
    view = daemon_view(config, named=False, wanted=lambda: False)
    aim: Aim | None = None
    if view is not None:
        end = time.monotonic() + _CAMERA_S + _LOADS_S
        with closing(view):
            for seen in view:
                aim = seen.aim or aim
                if (aim is not None and aim.measured.seconds >= _CAMERA_S) or time.monotonic() >= end:
                    break
    return None if aim is None else _said("the camera that the running daemon holds", aim)


def _said(name: str, aim: Aim) -> tuple[Answer, str]:
    found = aim.measured
    gives = f"{name} gives {found.width}x{found.height}"
    if aim.verdict is Verdict.GOOD:
        return "ok", f"{gives} and sees the driver: {aim.headline()}"
    told = "; ".join(one.text for one in aim.advice)
    hopeless = any(one.grave and one.problem not in _EXPLAINED for one in aim.advice)
    return "failed" if hopeless else "warning", f"{gives}, but {told} (dms aim)"


def _look(camera: Source, config: Config) -> Aim:
    lookout = Lookout(config)
    with closing(camera.frames()) as frames:
        first_t: float | None = None
        for frame in islice(frames, _SETTLES, None):
            first_t = frame.t if first_t is None else first_t
            lookout.observe(frame)
            if frame.t - first_t >= _CAMERA_S:
                break
    if first_t is None:
        raise WorldError(f"{camera.name} gives no picture")
    return lookout.viewer.aim()
