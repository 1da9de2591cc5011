"""Tells eyes that look down under lowered lids from shut ones.

Takes observations of lids that are down, with what the head does, gives whether the eyes look down. To a net both look
much alike, and neither it nor the head is believed alone: the net's answers over the last second must make it likely,
and the head must have gone down just as the lids fell, or have turned since they are down. The head of a sleeper is
still, or sinks after the lids. Lids that stay down for long are shut, whatever is seen. Where the net is sure that they
are shut, a head that goes down excuses nothing.
"""

from collections import deque
from math import isfinite, sqrt
from statistics import fmean

from dms.config.driver import ClosureSettings
from dms.driver.head import HeadStep
from dms.observation import Observation

MOST_SEEN = 256
"""Observations that are remembered: 4 s at 60 a second."""
FEWEST_SEEN = 3
"""Fewer say nothing of a mean or a spread."""


class LoweredLids:
    """Follows lids from when they go down until they are up again.

    Args:
        settings: How likely is likely enough, how far a head must move.
        step: Where the head pitched.
    """

    __slots__ = ("_down_t", "_limits", "_moved", "_seen_t", "_shares", "_step", "_up_t", "_yaws")

    def __init__(self, settings: ClosureSettings, step: HeadStep) -> None:
        self._limits = settings
        self._step = step
        self._shares: deque[tuple[float, float]] = deque(maxlen=MOST_SEEN)
        self._yaws: deque[tuple[float, float]] = deque(maxlen=MOST_SEEN)
        self.reset()

    def reset(self) -> None:
        """Start anew: nobody knows what the lids did."""
        self._down_t: float | None = None
        self._up_t: float | None = None
        self._seen_t = 0.0
        self._moved = False
        self._shares.clear()
        self._yaws.clear()

    def up(self, t: float) -> None:
        """Take lids that are up at time ``t``; a glimpse as short as one that ends no closure changes nothing."""
        if self._down_t is None:
            return
        if self._up_t is None:
            self._up_t = t
        if t - self._up_t >= self._limits.reopen_s:
            self.reset()

    def look_down(self, seen: Observation) -> bool:
        """Take lids that are down; returns whether the eyes under them look down."""
        limits, t = self._limits, seen.t
        if self._down_t is not None and t - self._seen_t > limits.bridge_s:
            self.reset()
        if self._down_t is None:
            self._down_t = t
        self._up_t, self._seen_t = None, t
        if seen.looking_down is not None and isfinite(seen.looking_down):
            self._shares.append((t, seen.looking_down))
        if seen.pose is not None and isfinite(seen.pose.yaw):
            self._yaws.append((t, seen.pose.yaw))
        down_s = t - self._down_t
        if down_s < limits.step_window_s or down_s >= limits.lowered_max_s:
            return False
        self._moved = self._moved or self._head_moved(self._down_t, t)
        mean = self._mean(t)
        return self._moved and mean is not None and mean >= limits.lowered_limit

    def surely_shut(self, t: float) -> bool:
        """Whether the net's answers up to ``t`` leave no doubt that the lids are shut; without answers there is."""
        mean = self._mean(t)
        return mean is not None and mean <= self._limits.shut_limit

    def _head_moved(self, down_t: float, t: float) -> bool:
        fell_deg = self._step.down_deg(down_t)
        if fell_deg is not None and fell_deg >= self._limits.step_deg:
            return True
        yaws = [yaw for at, yaw in self._yaws if at >= t - self._limits.turn_window_s]
        return len(yaws) >= FEWEST_SEEN and _spread(yaws) >= self._limits.turn_deg

    def _mean(self, t: float) -> float | None:
        shares = [share for at, share in self._shares if at >= t - self._limits.lowered_window_s]
        return fmean(shares) if len(shares) >= FEWEST_SEEN else None


def _spread(values: list[float]) -> float:
    """Return the standard deviation; that of ``statistics`` counts in exact fractions, which a small computer feels."""
    mean = fmean(values)
    return sqrt(fmean([(value - mean) ** 2 for value in values]))
