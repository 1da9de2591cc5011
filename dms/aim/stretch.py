"""Judges a recording by its best stretch of five seconds, as fast as it can be read.

Takes a recording, gives an ``Aim`` and the picture at the end of that stretch. A drive begins with somebody who gets in
and ends with somebody who gets out: what counts is how well the driver is seen while driving.
"""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass

from dms.aim.limits import STRETCH_S
from dms.aim.verdict import Aim, Problem, Verdict
from dms.aim.viewer import Lookout, Sight
from dms.config import Config
from dms.errors import WorldError
from dms.frames import Frame, Source

_EVERY_S = 1.0
"""Seconds between the ends of two stretches that are compared."""
_RANKS = (Verdict.NOT_USABLE, Verdict.USABLE, Verdict.GOOD)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """An aim, and a picture of it."""

    aim: Aim
    sight: Sight


def best_stretch(source: Source, config: Config, seconds: float | None = None) -> Judged:
    """Judge a recording.

    It is read no further than to a stretch that is good. Ctrl-C ends it, and what was seen so far is judged.

    Args:
        source: The recording.
        config: Models and limits.
        seconds: How much of it is read; all without.

    Raises:
        UserError: It holds no picture that can be decoded, or a model cannot be used.
    """
    search = _Search(config)
    with closing(source.frames()) as frames:
        try:
            search.through(frames, seconds)
        except KeyboardInterrupt:
            if not search.begun:
                raise
    return search.result(source.name)


class _Search:
    def __init__(self, config: Config) -> None:
        self._lookout = Lookout(config)
        self._best: Judged | None = None
        self._first_t = self._judged_t = 0.0
        self._sight: Sight | None = None

    @property
    def begun(self) -> bool:
        return self._sight is not None

    def through(self, frames: Iterable[Frame], seconds: float | None) -> None:
        for frame in frames:
            if self._sight is None:
                self._first_t = self._judged_t = frame.t
            if seconds is not None and frame.t - self._first_t > seconds:
                break
            seen = self._lookout.observe(frame)
            # of a short recording the first picture is shown, of another one at each comparison
            due = frame.t - self._first_t >= STRETCH_S and frame.t - self._judged_t >= _EVERY_S
            if due or self._sight is None or (self._sight.box is None and seen.box is not None):
                self._sight = self._lookout.sight(frame, seen)
            if due:
                self._judged_t = frame.t
                self._compare(self._sight)
                if self._best is not None and self._best.aim.verdict is Verdict.GOOD:
                    break

    def result(self, name: str) -> Judged:
        if self._best is None:
            if self._sight is None:
                raise WorldError(f"{name} gives no picture")
            self._compare(self._sight)
        assert self._best is not None
        return self._best

    def _compare(self, sight: Sight) -> None:
        aim = self._lookout.viewer.aim()
        if self._best is None or _merit(aim) > _merit(self._best.aim):
            self._best = Judged(aim, sight)


def _merit(aim: Aim) -> tuple[int, bool, int, int, float, float]:
    """Return what makes an aim better than another, the most telling first."""
    graves = sum(one.grave for one in aim.advice)
    # what is wrong with the picture of somebody tells more than that nobody was there
    somebody = not any(one.grave and one.problem is Problem.NO_FACE for one in aim.advice)
    return (
        _RANKS.index(aim.verdict),
        somebody,
        -graves,
        -len(aim.advice),
        aim.measured.face,
        aim.measured.either_eye or 0.0,
    )
