"""Judges whether the driver looks at the road: how long open eyes have been turned away from it.

Takes spans with where the open eyes look in them, gives the seconds off the road, and alerts. Closed and unknown eyes
say nothing of where a driver looks: they neither add to that time nor end it, unless it shows that lids which seemed
shut were lowered to look down. What is found leads from level to level by ``transitions.DISTRACTION``.
"""

from dms.config.driver import DriverSettings
from dms.driver.judge import Judge
from dms.driver.lifecycle import AlertLife
from dms.driver.smoothing import EPSILON_S
from dms.driver.span import Span
from dms.driver.state import Alert, AlertKind, DistractionLevel, Evidence, Eyes, Looking
from dms.driver.transitions import DISTRACTION, DistractionEvent
from dms.observation import Observation


class DistractionJudge(Judge[DistractionLevel, DistractionEvent]):
    """Where the driver looks over one drive.

    Args:
        settings: All limits of the driver room.
    """

    def __init__(self, settings: DriverSettings) -> None:
        super().__init__(AlertLife(AlertKind.DISTRACTION, DISTRACTION, settings.life.repeat_s))
        self._limits = settings.distraction
        self._lost_s = settings.life.lost_s
        self._bridge_s, self._microsleep_s = settings.closure.bridge_s, settings.closure.microsleep_s
        self.reset()

    def reset(self) -> None:
        """Begin all measures anew; an open alert stays open."""
        self.looking: Looking | None = None
        """Where the eyes looked last, None unknown."""
        self._off_s = self._back_s = self._unknown_s = 0.0
        self._closed_s = self._off_t = 0.0
        self._speed_kmh: float | None = None

    @property
    def off_road_s(self) -> float | None:
        """Seconds off the road, 0 once the eyes have been back for ``return_s``, None where that is unknown."""
        return None if self.looking is None else self._off_s

    def add(self, span: Span) -> None:
        """Take a span."""
        reading, seconds = span.reading, span.seconds
        self.looking = looking = reading.looking
        before_s, self._closed_s = self._closed_s, 0.0
        if reading.eyes is Eyes.CLOSED:
            self._closed_s, self._unknown_s = before_s + seconds, 0.0
            return
        if looking is None:
            self._unknown_s += seconds
            if reading.eyes is Eyes.UNKNOWN and self._unknown_s <= self._bridge_s:
                self._closed_s = before_s
            return
        self._unknown_s = 0.0
        if looking is not Looking.AHEAD:
            self._back_s = 0.0
            # it shows only after a while that lids were lowered; what was long enough for a microsleep stays shut
            turned_out = reading.lowered and before_s < self._microsleep_s
            off_s = seconds + (before_s if turned_out else 0.0)
            if not self._off_s:
                self._off_t = span.end_t - off_s
            self._off_s += off_s
            return
        self._back_s += span.seconds
        if self._back_s + EPSILON_S >= self._limits.return_s:
            self._off_s = 0.0

    def judge(self, observation: Observation, eyes: Eyes, speed_kmh: float | None) -> list[Alert]:
        """Decide on what has been put in up to an observation."""
        t = observation.t
        self._speed_kmh = speed_kmh
        if self.life.level is None:
            if self._unknown_s >= self._lost_s:
                # after so long without eyes nothing that was measured counts any more
                self._off_s = 0.0
            if not self._off_s:
                # nothing could be found that leads anywhere: this is nearly every moment
                return []
        event = self._found()
        if event is None or not self.life.leads(event):
            return self._repeat(t)
        if event is DistractionEvent.OFF_ROAD:
            return self._take(event, self._off_t, t, "eyes_off_road")
        ended = self._take(event, t, t, event.value)
        if event is DistractionEvent.LOST:
            self._off_s = 0.0
        return ended

    def _found(self) -> DistractionEvent | None:
        if self.looking not in (None, Looking.AHEAD):
            limit_s = self._limit_s()
            return DistractionEvent.OFF_ROAD if limit_s is not None and self._off_s + EPSILON_S >= limit_s else None
        if self._back_s + EPSILON_S >= self._limits.recover_s:
            return DistractionEvent.RECOVERED
        return DistractionEvent.LOST if self._unknown_s >= self._lost_s else None

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

    def evidence(self, t: float, cause: str) -> Evidence:
        """The numbers behind a step of an alert; ``cause`` says what made it."""
        return {
            "cause": cause,
            "eyes_off_road_s": round(self._off_s, 3),
            "limit_s": self._limit_s(),
            "looking": self.looking,
            "speed_kmh": self._speed_kmh,
        }
