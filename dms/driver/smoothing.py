"""Time-weighted windows with constant memory and constant cost, the same at every frame rate.

Takes amounts over spans of time in seconds, gives sums and means. Unknown time goes into neither part of a mean.
Reads no clock: time passes only by what is put in.
"""

from collections import deque
from math import exp


class SlidingSums:
    """Sums of several channels over a sliding window, kept in buckets of equal time.

    The oldest bucket counts with the share of it that is still inside, so that the window slides smoothly. Buckets
    are summed afresh whenever one is full: rounding errors cannot pile up over days.

    Args:
        length_s: Length of the window in seconds, above 0.
        buckets: Number of buckets, 1 or more.
        channels: Number of sums.
    """

    __slots__ = ("_bucket_s", "_buckets", "_filled_s", "_full", "_oldest", "_rings", "current", "length_s")

    def __init__(self, length_s: float, buckets: int, channels: int) -> None:
        if length_s <= 0 or buckets < 1 or channels < 1:
            raise ValueError("a window needs a length above 0, a bucket and a channel")
        self.length_s = length_s
        self._bucket_s = length_s / buckets
        self._buckets = buckets
        self._rings: list[deque[float]] = [deque(maxlen=buckets) for _ in range(channels)]
        self.current = [0.0] * channels
        """Amounts since the newest bucket was begun: add to it what happened in the span just passed."""
        self._filled_s = 0.0
        self._full = [0.0] * channels
        self._oldest = [0.0] * channels
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._filled_s = 0.0
        for channel, ring in enumerate(self._rings):
            ring.clear()
            self.current[channel] = self._full[channel] = self._oldest[channel] = 0.0

    def advance(self, span_s: float) -> None:
        """Let time pass, after its amounts were added to ``current``."""
        self._filled_s += span_s
        if self._filled_s >= self._bucket_s:
            self._turn()

    def _turn(self) -> None:
        steps = int(self._filled_s / self._bucket_s)
        self._filled_s -= steps * self._bucket_s
        for channel, ring in enumerate(self._rings):
            # a span over several buckets spreads its amounts evenly over them
            share = self.current[channel] / steps
            ring.extend([share] * min(steps, self._buckets))
            self.current[channel] = 0.0
            self._full[channel] = sum(ring)
            self._oldest[channel] = ring[0] if len(ring) == self._buckets else 0.0

    def total(self, channel: int) -> float:
        """The sum of one channel over the window."""
        gone = self._oldest[channel] * (self._filled_s / self._bucket_s)
        return self._full[channel] - gone + self.current[channel]


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

    def add(self, span_s: float, values: tuple[float, ...]) -> None:
        """Let time pass during which the values were these."""
        keep = exp(-span_s / self._time_constant_s)
        new = 1.0 - keep
        self.valid_share = self.valid_share * keep + new
        self._sums = [total * keep + value * new for total, value in zip(self._sums, values, strict=True)]

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

    def quantile(self, share: float) -> float:
        """The value below which ``share`` of the weight lies, interpolated in its bin; ``total`` must be above 0."""
        wanted = share * self.total
        below = 0.0
        for position, weight in enumerate(self._weights):
            if weight > 0 and below + weight >= wanted:
                return self._low + (position + (wanted - below) / weight) * self._width
            below += weight
        return self._low + len(self._weights) * self._width
