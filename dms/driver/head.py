"""Where this driver's head rests in this drive, and whether it has just pitched down.

Takes head poses with their times. ``RestingHead`` gives the resting pitch and yaw, so that turning the head away can be
told from how the camera stands: medians over the last minutes. They follow a seat or a camera that is moved; a head
that sinks slowly makes closures harder to explain, never easier. ``HeadStep`` gives how far the head went down just
when the lids fell. Nothing of them is kept from one drive to the next, because it belongs to the camera more than to
the driver.
"""

from collections import deque
from math import isfinite
from statistics import median

from dms.config.driver import BaselineSettings, ClosureSettings
from dms.driver.smoothing import Histogram
from dms.observation import HeadPose

READ_EVERY_S = 1.0
"""A head moves slowly: a reading this often is enough."""
SETTLING_S = 60.0
"""Seconds in view for which every reading changes the estimate at once."""
ESTIMATE_EVERY_S = 10.0
"""Seconds between two estimates after that."""
BINS = 90
"""Of two degrees each."""
MOST_POSES = 256
"""Poses that are remembered for a step: 4 s at 60 frames a second."""


class RestingHead:
    """Medians of pitch and yaw over the last minutes, in degrees; the first reading starts them, 0 before it.

    Args:
        settings: How soon they are trusted, how long they are remembered, and clamps.
    """

    __slots__ = ("_estimated_t", "_first", "_pitches", "_seen_s", "_settings", "_t", "_yaws", "pitch", "yaw")

    def __init__(self, settings: BaselineSettings) -> None:
        self._settings = settings
        self._pitches = Histogram(-90.0, 90.0, BINS)
        self._yaws = Histogram(-90.0, 90.0, BINS)
        self._first: tuple[float, float] | None = None
        self._t: float | None = None
        self._estimated_t = 0.0
        self._seen_s = 0.0
        self.pitch = 0.0
        self.yaw = 0.0

    @property
    def settled(self) -> bool:
        """Whether the head was seen for long enough to know where it rests."""
        return self._seen_s - READ_EVERY_S >= self._settings.head_s

    @property
    def met_yaw(self) -> float:
        """Yaw of the first reading, 0 before it."""
        return 0.0 if self._first is None else self._first[1]

    def update(self, t: float, pose: HeadPose) -> None:
        """Take the head's pose at time ``t``."""
        if self._t is not None and 0.0 <= t - self._t < READ_EVERY_S:
            return
        if not (isfinite(pose.pitch) and isfinite(pose.yaw)):
            return
        self._t = t
        if self._first is None:
            self._first = (pose.pitch, pose.yaw)
        self._pitches.add(pose.pitch, READ_EVERY_S)
        self._yaws.add(pose.yaw, READ_EVERY_S)
        self._seen_s += READ_EVERY_S
        if self._seen_s <= SETTLING_S or not 0.0 <= t - self._estimated_t < ESTIMATE_EVERY_S:
            self._estimate(t, self._first)

    def _estimate(self, t: float, first: tuple[float, float]) -> None:
        elapsed_s, self._estimated_t = max(0.0, t - self._estimated_t), t
        limits = self._settings
        # the first second counts for the head as it was met, so that a glance right after it does not become the rest
        trust = min(1.0, (self._seen_s - READ_EVERY_S) / limits.head_s)
        self.pitch = _clamped(first[0] + trust * (self._pitches.quantile(0.5) - first[0]), limits.pitch_max_deg)
        self.yaw = _clamped(first[1] + trust * (self._yaws.quantile(0.5) - first[1]), limits.yaw_max_deg)
        if trust == 1.0:
            keep = 1.0 - min(elapsed_s, ESTIMATE_EVERY_S) / limits.head_memory_s
            self._pitches.fade(keep)
            self._yaws.fade(keep)


def _clamped(degrees: float, most: float) -> float:
    return min(max(degrees, -most), most)


class HeadStep:
    """How far the head pitched down from just before to just after the lids fell.

    Who looks down moves head and lids together; the head of a sleeper is still, or sinks after the lids.

    Args:
        settings: Where the two stretches lie that are compared.
    """

    __slots__ = ("_gap_s", "_known", "_poses", "_window_s")

    def __init__(self, settings: ClosureSettings) -> None:
        self._gap_s = settings.step_gap_s
        self._window_s = settings.step_window_s
        self._poses: deque[tuple[float, float]] = deque(maxlen=MOST_POSES)
        self._known: tuple[float, float] | None = None

    def reset(self) -> None:
        """Start anew."""
        self._poses.clear()
        self._known = None

    def update(self, t: float, pitch: float) -> None:
        """Take the head's pitch in degrees at time ``t``."""
        if isfinite(pitch):
            self._poses.append((t, pitch))

    def down_deg(self, start_t: float) -> float | None:
        """Degrees by which the head went down around ``start_t``; None where it was not seen on both sides.

        What was known once of a closure stays known, however long it lasts.
        """
        if self._known is not None and self._known[0] == start_t:
            return self._known[1]
        before = self._median(start_t - self._window_s, start_t - self._gap_s)
        after = self._median(start_t + self._gap_s, start_t + self._window_s)
        if before is None or after is None:
            return None
        if self._poses[-1][0] >= start_t + self._window_s:
            self._known = (start_t, before - after)
        return before - after

    def _median(self, since: float, until: float) -> float | None:
        pitches = [pitch for t, pitch in self._poses if since <= t <= until]
        return median(pitches) if pitches else None
