"""The rules that tutorials put behind a face mesh, an eye cascade or an emotion net. Needs nothing but Python."""

from collections.abc import Sequence
from math import hypot

Point = tuple[float, float]

CLOSED_EAR = 0.21
"""An eye whose aspect ratio is smaller is shut; 0.2 to 0.25 are usual."""
CLOSED_S = 1.0
"""A closure that lasts so long is an alarm."""
ANGRY_S = 2.0
"""Anger that is on top for so long is an alarm."""


def eye_aspect_ratio(eye: Sequence[Point]) -> float:
    """Height of an eye over its width, from six points: outer corner, two above, inner corner, two below.

    Soukupova and Cech 2016, equation 1; the order of the points is theirs.
    """
    outer, above, above_inner, inner, below_inner, below = eye
    return (_distance(above, below) + _distance(above_inner, below_inner)) / (2 * _distance(outer, inner))


def _distance(a: Point, b: Point) -> float:
    return hypot(a[0] - b[0], a[1] - b[1])


class Lasting:
    """Tells once that something has lasted for long enough; what is not seen ends it."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._since: float | None = None
        self._told = False

    def add(self, t: float, on: bool) -> bool:
        """Whether the limit is reached now, at ``t`` seconds."""
        if not on:
            self._since, self._told = None, False
            return False
        self._since = t if self._since is None else self._since
        # times have milliseconds, and sums of them are not exact
        if self._told or t - self._since < self._limit_s - 1e-6:
            return False
        self._told = True
        return True


class Pace:
    """Lets something run at most at a given rate."""

    def __init__(self, hz: float) -> None:
        self._interval_s = 0.9 / hz
        self._last: float | None = None

    def due(self, t: float) -> bool:
        if self._last is not None and t - self._last < self._interval_s:
            return False
        self._last = t
        return True
