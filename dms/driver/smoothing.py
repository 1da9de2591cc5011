"""Time-weighted windows with constant memory and constant cost, the same at every frame rate.

Takes amounts over spans of time in seconds, gives sums and means. Unknown time goes into neither part of a mean.
Reads no clock: time passes only by what is put in.
"""

from collections import deque
from math import exp

EPSILON_S = 1e-6
"""Sums of spans miss a round limit by rounding errors: nothing in this room is judged more finely than this."""


class _Segment:
    """A run of one kind."""

    __slots__ = ("kind", "seconds")

    def __init__(self, kind: int, seconds: float) -> None:
        self.kind = kind
        self.seconds = seconds


class SlidingTime:
    """Time spent in each of several kinds of state over a sliding window.

    Exact, whatever the frame rate: runs of one kind are kept as one segment, the oldest is cut where the window
    begins. Holds as many segments as the state changes within the window, and no more.

    Args:
        length_s: Length of the window in seconds, above 0.
        kinds: Number of kinds, numbered from 0.
    """

    __slots__ = ("_excess_s", "_length_s", "_segments", "totals")

    def __init__(self, length_s: float, kinds: int) -> None:
        if length_s <= 0 or kinds < 1:
            raise ValueError("a window needs a length above 0 and a kind")
        self._length_s = length_s
        self._segments: deque[_Segment] = deque()
        self._excess_s = -length_s
        self.totals = [0.0] * kinds
        """Seconds within the window, by kind."""

    def clear(self) -> None:
        """Forget everything."""
        self._segments.clear()
        self._excess_s = -self._length_s
        self.totals = [0.0] * len(self.totals)

    def add(self, kind: int, span_s: float) -> None:
        """A span of one kind has passed."""
        segments, totals = self._segments, self.totals
        if segments and (newest := segments[-1]).kind == kind:
            newest.seconds += span_s
        else:
            segments.append(_Segment(kind, span_s))
        totals[kind] += span_s
        excess_s = self._excess_s + span_s
        while excess_s > 0.0:
            oldest = segments[0]
            if oldest.seconds > excess_s:
                oldest.seconds -= excess_s
                totals[oldest.kind] -= excess_s
                excess_s = 0.0
            else:
                segments.popleft()
                totals[oldest.kind] -= oldest.seconds
                excess_s -= oldest.seconds
        self._excess_s = excess_s

    def rename(self, old: int, new: int) -> None:
        """If the newest segment is of the old kind, it turns out to have been of the new one."""
        if self._segments and (newest := self._segments[-1]).kind == old:
            newest.kind = new
            self.totals[old] -= newest.seconds
            self.totals[new] += newest.seconds


class DecayingMean:
    """A mean over the recent past in which older time weighs exponentially less; exact at every sampling rate.

    Args:
        time_constant_s: Age in seconds at which time weighs 1/e.
        channels: Number of means that share one time base.
    """

    __slots__ = ("_sums", "_time_constant_s", "valid_share")

    def __init__(self, time_constant_s: float, channels: int) -> None:
        if time_constant_s <= 0 or channels < 1:
            raise ValueError("a mean needs a time constant above 0 and a channel")
        self._time_constant_s = time_constant_s
        self._sums = [0.0] * channels
        self.valid_share = 0.0
        """Weight 0..1 of the known time."""

    def clear(self) -> None:
        """Forget everything."""
        self.valid_share = 0.0
        self._sums = [0.0] * len(self._sums)

    def add(self, span_s: float, first: tuple[float, ...], last: tuple[float, ...]) -> None:
        """Let time pass during which the values went from the first to the last, and count their middle."""
        keep = exp(-span_s / self._time_constant_s)
        half = (1.0 - keep) / 2
        self.valid_share = self.valid_share * keep + 2 * half
        self._sums = [total * keep + (a + b) * half for total, a, b in zip(self._sums, first, last, strict=True)]

    def skip(self, span_s: float) -> None:
        """Let time pass during which nothing was known."""
        keep = exp(-span_s / self._time_constant_s)
        self.valid_share *= keep
        self._sums = [total * keep for total in self._sums]

    def means(self) -> list[float] | None:
        """The means over the known time, None when there was none."""
        share = self.valid_share
        if share <= 1e-9:
            return None
        return [total / share for total in self._sums]


class Recent:
    """Values with their times, of which those of the last seconds count; keeps the newest ones only.

    Args:
        window_s: How long a value counts, in seconds.
        most: How many are kept.
    """

    __slots__ = ("_items", "_window_s")

    def __init__(self, window_s: float, most: int) -> None:
        self._window_s = window_s
        self._items: deque[tuple[float, float]] = deque(maxlen=most)

    def clear(self) -> None:
        """Forget everything."""
        self._items.clear()

    def add(self, t: float, value: float = 1.0) -> None:
        """Note a value at time ``t``."""
        self._items.append((t, value))

    def values(self, t: float) -> list[float]:
        """The values that still count at time ``t``, oldest first."""
        since = t - self._window_s
        items = self._items
        while items and items[0][0] < since:
            items.popleft()
        return [value for _, value in items]

    def count(self, t: float) -> int:
        """How many still count at time ``t``."""
        return len(self.values(t))


class Histogram:
    """Time-weighted histogram for robust quantiles in constant memory.

    Args:
        low: Lower end of the values.
        high: Upper end; values outside fall into the outermost bins.
        bins: Number of bins.
    """

    __slots__ = ("_low", "_weights", "_width", "total")

    def __init__(self, low: float, high: float, bins: int) -> None:
        if high <= low or bins < 1:
            raise ValueError("a histogram needs a range and a bin")
        self._low = low
        self._width = (high - low) / bins
        self._weights = [0.0] * bins
        self.total = 0.0
        """Sum of all weights."""

    def add(self, value: float, weight: float) -> None:
        """Put a value in with its weight."""
        position = int((value - self._low) / self._width)
        self._weights[min(max(position, 0), len(self._weights) - 1)] += weight
        self.total += weight

    def fade(self, keep: float) -> None:
        """Let everything weigh less: ``keep`` of 0..1 of its weight."""
        self._weights = [weight * keep for weight in self._weights]
        self.total *= keep

    def quantile(self, share: float) -> float:
        """The value below which ``share`` of the weight lies, interpolated in its bin; ``total`` must be above 0."""
        wanted = share * self.total
        below = 0.0
        for position, weight in enumerate(self._weights):
            if weight > 0 and below + weight >= wanted:
                return self._low + (position + (wanted - below) / weight) * self._width
            below += weight
        return self._low + len(self._weights) * self._width
