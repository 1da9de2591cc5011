"""Drowsiness over a minute: PERCLOS with a second sign.

Holds PERCLOS, which takes spans, and the signs, which take closures that are over and yawns; says when drowsiness is
reached and whether it lasts.
"""

from dms.config.driver import DriverSettings
from dms.driver.baseline import BaselineLearner
from dms.driver.perclos import Perclos
from dms.driver.signs import Signs
from dms.driver.state import HeldBack


class Drowsiness:
    """Whether the driver is drowsy.

    Args:
        settings: All limits of the driver room.
        learner: This driver's baseline; blinks are learned from here.
    """

    __slots__ = ("_limits", "_lost_s", "_measured_t", "_settings", "lasts", "perclos", "signs")

    def __init__(self, settings: DriverSettings, learner: BaselineLearner) -> None:
        self._settings = settings
        self._limits = settings.perclos
        self._lost_s = settings.life.lost_s
        self.perclos = Perclos(settings.perclos)
        self.begin(learner)

    def begin(self, learner: BaselineLearner) -> None:
        """Somebody else drives."""
        self.signs = Signs(self._settings, learner)
        self.reset()

    def reset(self) -> None:
        """Begin all measures anew."""
        self.perclos.clear()
        self.signs.reset()
        self.lasts = False
        """It was raised, and PERCLOS has not cleared since."""
        self._measured_t: float | None = None

    def follow(self, t: float, perclos: float | None) -> None:
        """Take PERCLOS at time ``t``: drowsiness ends below its clear level, or when it is unknown for too long."""
        if perclos is not None:
            self._measured_t = t
            self.lasts = self.lasts and perclos >= self._limits.clear
        elif self.lasts and (self._measured_t is None or t - self._measured_t > self._lost_s):
            self.lasts = False

    def is_near(self, perclos: float | None) -> bool:
        """Whether PERCLOS by itself is high enough."""
        return perclos is not None and perclos >= self._limits.advisory

    def is_reached(self, t: float, perclos: float | None) -> bool:
        """Whether PERCLOS and the signs say drowsy, at time ``t``."""
        return self.is_near(perclos) and self.lacks(t, perclos) is None

    def lacks(self, t: float, perclos: float | None) -> HeldBack | None:
        """What is missing beside a PERCLOS that is high enough, at time ``t``."""
        limits = self._limits
        if self.signs.droops(t) < limits.min_droops:
            return HeldBack.DROOPS
        if (perclos is None or perclos < limits.warning) and self.signs.found(t) is None:
            return HeldBack.SECOND_SIGN
        return None
