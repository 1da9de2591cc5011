"""Puts the times of a recording's pictures in order.

Takes times as a file gives them, returns seconds since the start of the file that only go forward. Files that were
joined begin anew, cameras stamp a picture with nonsense, and some streams have no times at all.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dms.frames.decoded import Decoded

_RESTART_S = 1.0
"""A step back by more is a new beginning; by less, a picture that comes late."""
_LEAP_S = 10.0
"""A step forward by more is believed once the next picture confirms it."""
_DECIMALS = 6
_DAY_S = 86_400.0
"""A step forward by more is a clock that was set, not a gap: no recording stands still for a day."""


@dataclass(slots=True)
class TimeFaults:
    """What was wrong with the times.

    Attributes:
        late: Pictures left out because their time does not advance.
        astray: Pictures left out because only their own time leaps ahead.
        placed: Pictures without a time, which were placed one interval after the one before.
        restarts_s: Where times began anew, seconds since the start of the file.
    """

    late: int
    astray: int
    placed: int
    restarts_s: list[float]


class Timeline:
    """Places pictures in time.

    Args:
        interval_s: Time between two pictures at the file's own rate: what follows where a file begins anew.
        timed: False to ignore the file's times and calculate them all by the interval.
    """

    def __init__(self, interval_s: float, timed: bool) -> None:
        self._interval_s = interval_s
        self._timed = timed
        self._last: float | None = None
        self._shift_s = 0.0
        self.faults = TimeFaults(0, 0, 0, [])

    def place(self, pictures: Iterable[Decoded]) -> Iterator[tuple[float, Decoded]]:
        """Yield each picture with its time; what has no place is counted in ``faults``."""
        if not self._timed:
            for index, picture in enumerate(pictures):
                yield round(index * self._interval_s, _DECIMALS), picture
            return
        ahead: Decoded | None = None
        for picture in pictures:
            if ahead is not None:
                if self._returns(picture, ahead):
                    self.faults.astray += 1
                else:
                    yield from self._put(ahead)
                ahead = None
            if self._leaps(picture):
                ahead = picture
            else:
                yield from self._put(picture)
        if ahead is not None:
            yield from self._put(ahead)

    def _leaps(self, picture: Decoded) -> bool:
        return self._last is not None and picture.t is not None and picture.t + self._shift_s - self._last > _LEAP_S

    def _returns(self, picture: Decoded, ahead: Decoded) -> bool:
        """Return whether a picture stands where the line before was, so that the one before it had gone astray."""
        assert self._last is not None and ahead.t is not None  # noqa: PT018
        return (
            picture.t is not None
            and picture.t < ahead.t
            and -_RESTART_S <= picture.t + self._shift_s - self._last <= _LEAP_S
        )

    def _put(self, picture: Decoded) -> Iterator[tuple[float, Decoded]]:
        last = self._last
        if picture.t is None:
            self.faults.placed += 1
            t = 0.0 if last is None else round(last + self._interval_s, _DECIMALS)
        else:
            t = round(picture.t + self._shift_s, _DECIMALS)
            if last is None:
                # the first picture of some files stands a moment before their start
                t = max(0.0, t)
            elif t - last < -_RESTART_S or t - last > _DAY_S:
                self._shift_s += last + self._interval_s - t
                t = round(last + self._interval_s, _DECIMALS)
                self.faults.restarts_s.append(t)
            elif t <= last:
                self.faults.late += 1
                return
        self._last = t
        yield t, picture
