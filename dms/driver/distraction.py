"""Judges whether the driver looks at the road: how long open eyes have been turned away from it.

Takes spans with where the open eyes look in them, gives the seconds off the road, and alerts. Closed and unknown eyes
say nothing of where a driver looks: they neither add to that time nor end it.
"""

from dms.config.driver import DriverSettings
from dms.driver.lifecycle import AlertLife
from dms.driver.smoothing import EPSILON_S
from dms.driver.span import Span
from dms.driver.state import Alert, AlertKind, DistractionLevel, Evidence, Looking


class DistractionJudge:
    """Where the driver looks over one drive.

    Args:
        settings: All limits of the driver room.
    """

    def __init__(self, settings: DriverSettings) -> None:
        self._limits = settings.distraction
        self._lost_s = settings.life.lost_s
        self.life = AlertLife[DistractionLevel](AlertKind.DISTRACTION, settings.life.repeat_s)
        self.reset()

    def reset(self) -> None:
        """Begin all measures anew; an open alert stays open."""
        self.looking: Looking | None = None
        """Where the eyes looked last, None unknown."""
        self._off_s = self._back_s = self._unknown_s = 0.0
        self._speed_kmh: float | None = None

    @property
    def off_road_s(self) -> float | None:
        """Seconds that the eyes have been off the road, 0 when they are on it, None when they are not seen."""
        return None if self.looking is None else self._off_s

    def add(self, span: Span) -> None:
        """Take a span."""
        self.looking = span.reading.looking
        self._pass(self.looking, span.seconds)

    def _pass(self, looking: Looking | None, span_s: float) -> None:
        """Put in a span in which the eyes looked there."""
        if looking is None:
            self._unknown_s += span_s
            return
        self._unknown_s = 0.0
        if looking is not Looking.AHEAD:
            self._back_s = 0.0
            self._off_s += span_s
            return
        self._back_s += span_s
        if self._back_s + EPSILON_S >= self._limits.return_s:
            self._off_s = 0.0

    def judge(self, t: float, speed_kmh: float | None) -> list[Alert]:
        """Decide on what has been put in up to ``t``.

        Args:
            t: Time of the observation.
            speed_kmh: The vehicle's speed, None when it is absent.
        """
        self._speed_kmh = speed_kmh
        life = self.life
        if life.level is None:
            limit_s = self._limit_s()
            off = self.looking in (Looking.DOWN, Looking.ASIDE)
            if limit_s is None or not off or self._off_s + EPSILON_S < limit_s:
                return []
            return [life.raise_to(DistractionLevel.EYES_OFF_ROAD, t - self._off_s, t, self.evidence("eyes_off_road"))]
        if self._back_s + EPSILON_S >= self._limits.recover_s:
            return self.end(t, "recovered")
        if self._unknown_s >= self._lost_s:
            ended = self.end(t, "lost")
            # after so long without eyes nothing that was measured counts any more
            self._off_s = 0.0
            return ended
        return [life.repeat(t, self.evidence("repeat"))] if life.due(t) else []

    def _limit_s(self) -> float | None:
        """Seconds off the road that raise an alert now, None when none does."""
        limits, speed_kmh = self._limits, self._speed_kmh
        if not limits.enabled:
            return None
        if speed_kmh is None:
            return limits.fast_s if limits.without_speed else None
        if speed_kmh >= limits.fast_kmh:
            return limits.fast_s
        return limits.slow_s if speed_kmh >= limits.slow_kmh else None

    def end(self, t: float, cause: str) -> list[Alert]:
        """End the open alert, if there is one."""
        ended = self.life.end(t, self.evidence(cause))
        return [] if ended is None else [ended]

    def evidence(self, cause: str) -> Evidence:
        """The numbers behind a step of an alert; ``cause`` says what made it."""
        return {
            "cause": cause,
            "eyes_off_road_s": round(self._off_s, 3),
            "limit_s": self._limit_s(),
            "looking": self.looking,
            "speed_kmh": self._speed_kmh,
        }
