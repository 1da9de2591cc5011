"""The second, independent signs of drowsiness: slow blinks, slow closures, yawns, nods.

Takes closures that are over and yawns, with their times, says which signs there are now. PERCLOS alone cries wolf;
a sign beside it does not have to be strong to make it trustworthy.
"""

from dms.config.driver import DriverSettings
from dms.driver.baseline import BaselineLearner
from dms.driver.closures import Closure
from dms.driver.smoothing import Recent

MOST_KEPT = 64
"""Events of a kind that are remembered; all limits on their number are below."""


class Signs:
    """What has been seen in the last minutes.

    Args:
        settings: All limits of the driver room.
        learner: This driver's baseline; the duration of blinks is learned from here.
    """

    def __init__(self, settings: DriverSettings, learner: BaselineLearner) -> None:
        self._limits = settings.signs
        self._learner = learner
        self._droop_s = settings.perclos.min_closure_s
        self._slow_s = settings.closure.slow_s
        self._microsleep_s = settings.closure.microsleep_s
        self._droops = Recent(settings.perclos.window_s, MOST_KEPT)
        self._blinks = Recent(settings.signs.blink_window_s, MOST_KEPT)
        self._slow_closures = Recent(settings.signs.blink_window_s, MOST_KEPT)
        self._yawns = Recent(settings.signs.window_s, MOST_KEPT)
        self._nods = Recent(settings.signs.window_s, MOST_KEPT)

    def reset(self) -> None:
        """Nothing has been seen."""
        for recent in (self._droops, self._blinks, self._slow_closures, self._yawns, self._nods):
            recent.clear()

    def closure(self, closure: Closure) -> None:
        """A closure is over: it may be a blink, a droop, a slow closure, a nod."""
        end_t, closed_s = closure.end_t, closure.closed_s
        if closure.nod:
            self._nods.add(end_t)
        if not closure.trusted:
            return
        if closed_s >= self._droop_s:
            self._droops.add(end_t)
        if closed_s - closure.coarsest_s / 2 >= self._slow_s:
            # longer than the frame rate can stretch a blink
            self._slow_closures.add(end_t)
        if closed_s < self._microsleep_s and closure.coarsest_s <= self._limits.blink_interval_s:
            self._blinks.add(end_t, closed_s)
            if self._learner.blink.learned < 1.0:
                self._learner.blink.add(closed_s, 1.0)

    def yawn(self, t: float) -> None:
        """A yawn has been made out."""
        self._yawns.add(t)

    def droops(self, t: float) -> int:
        """How many closures of the length of a droop or longer the PERCLOS window holds."""
        return self._droops.count(t)

    def found(self, t: float) -> str | None:
        """The signs at time ``t`` by name, None when there are none."""
        limits = self._limits
        ratio = self.blink_ratio(t)
        names = []
        if ratio is not None and ratio >= limits.slow_blink_ratio:
            names.append("slow_blinks")
        if self._slow_closures.count(t) >= limits.min_slow_closures:
            names.append("slow_closures")
        if self._yawns.count(t) >= limits.min_yawns:
            names.append("yawns")
        if self._nods.count(t) >= limits.min_nods:
            names.append("nods")
        return ",".join(names) or None

    def blink_ratio(self, t: float) -> float | None:
        """Mean duration of the latest blinks against this driver's own, None with too few that were seen well."""
        blinks = self._blinks.values(t)
        if len(blinks) < self._limits.min_blinks:
            return None
        return sum(blinks) / len(blinks) / self._learner.blink.value

    def evidence(self, t: float) -> dict[str, float | str | None]:
        """The numbers behind the signs."""
        ratio = self.blink_ratio(t)
        return {
            "signs": self.found(t),
            "droops": float(self._droops.count(t)),
            "slow_closures": float(self._slow_closures.count(t)),
            "blink_ratio": None if ratio is None else round(ratio, 3),
            "yawns": float(self._yawns.count(t)),
            "nods": float(self._nods.count(t)),
        }
