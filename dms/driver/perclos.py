"""PERCLOS: the share of valid time with closed eyes over a sliding minute.

Takes spans of open, closed and unknown time, gives the share or None. Closures shorter than a droop are left out of
the closed time. Time that is unknown, in doubt, or seen too rarely for a droop to show counts in neither part.
"""

from dms.config.driver import PerclosSettings
from dms.driver.smoothing import SlidingSums

CLOSED, VALID, KNOWN = range(3)
BUCKETS = 60


class Perclos:
    """PERCLOS over the last window."""

    __slots__ = ("_max_interval_s", "_min_closure_s", "_min_valid_s", "_pending_s", "_sums", "_window_s")

    def __init__(self, settings: PerclosSettings) -> None:
        self._window_s = settings.window_s
        self._min_closure_s = settings.min_closure_s
        self._min_valid_s = settings.min_valid_share * settings.window_s
        self._max_interval_s = settings.max_interval_s
        self._sums = SlidingSums(settings.window_s, BUCKETS, 3)
        self._pending_s = 0.0

    def clear(self) -> None:
        """Begin a new window."""
        self._sums.clear()
        self._pending_s = 0.0

    def open(self, span_s: float, interval_s: float) -> None:
        """The eyes were open for a span between two observations so far apart."""
        current = self._sums.current
        if self._pending_s:
            # a closure that stayed short was a blink: valid time, not closed
            current[VALID] += self._pending_s
            self._pending_s = 0.0
        current[KNOWN] += span_s
        if interval_s <= self._max_interval_s:
            current[VALID] += span_s
        self._sums.advance(span_s)

    def closed(self, span_s: float, interval_s: float, closure_s: float, doubtful: bool) -> None:
        """The eyes were closed for a span, at the end of which the closure lasted ``closure_s``."""
        current = self._sums.current
        current[KNOWN] += span_s
        if interval_s <= self._max_interval_s and not doubtful:
            if closure_s < self._min_closure_s:
                self._pending_s += span_s
            else:
                amount = span_s + self._pending_s
                self._pending_s = 0.0
                current[VALID] += amount
                current[CLOSED] += amount
        self._sums.advance(span_s)

    def unknown(self, span_s: float) -> None:
        """Nothing was known for a span; what a closure that it cuts off would have been stays unknown too."""
        self._pending_s = 0.0
        self._sums.advance(span_s)

    def value(self) -> float | None:
        """PERCLOS 0..1, None below the least valid time."""
        valid = self._sums.total(VALID)
        if valid < self._min_valid_s:
            return None
        return min(1.0, max(0.0, self._sums.total(CLOSED) / valid))

    def known_share(self) -> float:
        """Share 0..1 of the window in which the eyes were known."""
        return min(1.0, max(0.0, self._sums.total(KNOWN) / self._window_s))

    def valid_share(self) -> float:
        """Share 0..1 of the window that PERCLOS rests on: known, not in doubt, seen often enough."""
        return min(1.0, max(0.0, self._sums.total(VALID) / self._window_s))
