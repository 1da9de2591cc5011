"""Where this driver's head rests in this drive, so that turning it away can be told from how the camera stands.

Takes head poses with their times, gives the resting pitch and yaw: medians over the last minutes. They follow a seat
or a camera that is moved; a head that sinks slowly makes closures harder to explain, never easier. Nothing of it is
kept from one drive to the next, because it belongs to the camera more than to the driver.
"""

from math import isfinite

from dms.config.driver import BaselineSettings
from dms.driver.smoothing import Histogram
from dms.observation import HeadPose

READ_EVERY_S = 1.0
"""A head moves slowly: a reading this often is enough."""
RECKON_EVERY_S = 10.0
"""Seconds between two estimates, once the first are trusted."""
BINS = 90
"""Of two degrees each."""


class RestingHead:
    """Medians of pitch and yaw over the last minutes, in degrees; 0 before anything is seen.

    Args:
        settings: How soon they are trusted, how long they are remembered, and clamps.
    """

    __slots__ = ("_pitches", "_reckoned_t", "_seen_s", "_settings", "_t", "_yaws", "pitch", "yaw")

    def __init__(self, settings: BaselineSettings) -> None:
        self._settings = settings
        self._pitches = Histogram(-90.0, 90.0, BINS)
        self._yaws = Histogram(-90.0, 90.0, BINS)
        self._t: float | None = None
        self._reckoned_t = 0.0
        self._seen_s = 0.0
        self.pitch = 0.0
        self.yaw = 0.0

    def see(self, t: float, pose: HeadPose) -> None:
        """Take the head's pose at time ``t``."""
        if self._t is None or not 0.0 <= t - self._t < READ_EVERY_S:
            first = self._t is None
            self._t = t
            if isfinite(pose.pitch) and isfinite(pose.yaw):
                self._pitches.add(pose.pitch, READ_EVERY_S)
                self._yaws.add(pose.yaw, READ_EVERY_S)
                self._seen_s += READ_EVERY_S
            elapsed_s = t - self._reckoned_t
            if first or self._seen_s <= self._settings.head_s or not 0.0 <= elapsed_s < RECKON_EVERY_S:
                self._reckon(t)

    def _reckon(self, t: float) -> None:
        self._reckoned_t = t
        if self._seen_s == 0.0:
            return
        limits = self._settings
        trust = min(1.0, self._seen_s / limits.head_s)
        self.pitch = trust * min(max(self._pitches.quantile(0.5), -limits.pitch_max_deg), limits.pitch_max_deg)
        self.yaw = trust * min(max(self._yaws.quantile(0.5), -limits.yaw_max_deg), limits.yaw_max_deg)
        if trust < 1.0:
            return
        keep = 1.0 - RECKON_EVERY_S / limits.head_memory_s
        self._pitches.fade(keep)
        self._yaws.fade(keep)
