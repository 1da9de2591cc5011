"""PERCLOS: the share of valid time with closed eyes over a sliding minute.

Takes spans of open, closed and unknown time, gives the share or None. Closures shorter than a droop are left out of
the closed time. Time that is unknown or in doubt counts in neither part; observations too far apart for a droop to
show make the whole measure unknown.
"""

from dms.config.driver import PerclosSettings
from dms.driver.smoothing import SlidingTime
from dms.driver.span import Span
from dms.driver.state import Eyes

UNKNOWN, UNSURE, PENDING, OPEN, CLOSED = range(5)
"""Kinds of time: eyes unknown; known, but in doubt; closed, but perhaps a blink; open; closed."""


class Perclos:
    """PERCLOS over the last window."""

    __slots__ = ("_max_interval_s", "_mean_interval_s", "_min_closure_s", "_min_valid_s", "_time", "_window_s")

    def __init__(self, settings: PerclosSettings) -> None:
        self._window_s = settings.window_s
        self._min_closure_s = settings.min_closure_s
        self._min_valid_s = settings.min_valid_share * settings.window_s
        self._max_interval_s = settings.max_interval_s
        self._mean_interval_s = 0.0
        self._time = SlidingTime(settings.window_s, 5)

    def clear(self) -> None:
        """Begin a new window."""
        self._time.clear()
        self._mean_interval_s = 0.0

    def add(self, span: Span, closure_s: float, doubtful: bool) -> None:
        """Take a span.

        Args:
            span: The span.
            closure_s: How long the closure that runs has lasted by its end.
            doubtful: That closure may be no sleep.
        """
        eyes, seconds, time = span.reading.eyes, span.seconds, self._time
        if eyes is Eyes.UNKNOWN:
            # whether a closure that it cuts off was a blink stays unknown too
            time.rename(PENDING, UNSURE)
            time.add(UNKNOWN, seconds)
            return
        # how far apart observations are, over about one window
        mean_s = self._mean_interval_s or span.interval_s
        self._mean_interval_s = mean_s + (span.interval_s - mean_s) * seconds / self._window_s
        if eyes is Eyes.OPEN:
            # a closure that stayed short was a blink: valid time, not closed
            if time.totals[PENDING]:
                time.rename(PENDING, OPEN)
            time.add(OPEN, seconds)
        elif doubtful:
            time.add(UNSURE, seconds)
        elif closure_s < self._min_closure_s:
            time.add(PENDING, seconds)
        else:
            time.rename(PENDING, CLOSED)
            time.add(CLOSED, seconds)

    def doubt(self) -> None:
        """The closure that runs turns out to be in doubt."""
        self._time.rename(PENDING, UNSURE)
        self._time.rename(CLOSED, UNSURE)

    def value(self) -> float | None:
        """PERCLOS 0..1, None below the least valid time or the least rate of observations."""
        totals = self._time.totals
        closed_s = totals[CLOSED]
        valid_s = totals[OPEN] + closed_s
        if valid_s < self._min_valid_s or self._mean_interval_s > self._max_interval_s:
            return None
        share = closed_s / valid_s
        return share if 0.0 <= share <= 1.0 else float(share > 0.5)

    def known_share(self) -> float:
        """Share 0..1 of the window in which the eyes were known."""
        totals = self._time.totals
        share = (totals[UNSURE] + totals[PENDING] + totals[OPEN] + totals[CLOSED]) / self._window_s
        return share if 0.0 <= share <= 1.0 else float(share > 0.5)

    def valid_share(self) -> float:
        """Share 0..1 of the window that PERCLOS rests on: known and not in doubt."""
        totals = self._time.totals
        return min(1.0, max(0.0, (totals[OPEN] + totals[CLOSED]) / self._window_s))
