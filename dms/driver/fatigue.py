"""Judges fatigue: the ladder of a closure, drowsiness over a minute, and the way back.

Takes spans of open, closed and unknown eyes, gives alerts. A closure is judged by itself, at once; drowsiness over a
minute, and only when the eyes are open: during a closure the ladder judges. What is found leads from level to level by
``transitions.FATIGUE``.
"""

from dms.config.driver import DriverSettings
from dms.driver.baseline import BaselineLearner
from dms.driver.cues import Cues
from dms.driver.drowsiness import Drowsiness
from dms.driver.judge import Judge
from dms.driver.ladder import Climb, Ladder
from dms.driver.lifecycle import AlertLife
from dms.driver.recovery import Recovery
from dms.driver.span import Span
from dms.driver.state import Alert, AlertKind, Evidence, Eyes, FatigueLevel, HeldBack
from dms.driver.transitions import FATIGUE, FatigueEvent
from dms.observation import Observation


class FatigueJudge(Judge[FatigueLevel, FatigueEvent]):
    """Fatigue over one drive.

    Args:
        settings: All limits of the driver room.
        learner: This driver's baseline; blinks are learned from here.
        cues: Head and mouth.
    """

    def __init__(self, settings: DriverSettings, learner: BaselineLearner, cues: Cues) -> None:
        super().__init__(AlertLife(AlertKind.FATIGUE, FATIGUE, settings.life.repeat_s))
        self._settings = settings
        self._learner = learner
        self._cues = cues
        self._ladder = Ladder(settings.closure, settings.signs)
        self.closures = self._ladder.closures
        """The closure that runs, if any."""
        self._drowsiness = Drowsiness(settings, learner)
        self._window = self._drowsiness.perclos
        self.perclos: float | None = None
        """PERCLOS as last judged, None unknown."""
        self._recovery = Recovery(settings.life, settings.closure.slow_s)
        self._speed_kmh: float | None = None
        self._longest_s = 0.0

    def begin(self, learner: BaselineLearner) -> None:
        """Somebody else drives: forget everything and rest on another baseline."""
        self._learner = learner
        self._drowsiness.begin(learner)
        super().begin(learner)

    def reset(self) -> None:
        """Begin all measures anew; an open alert stays open."""
        self._ladder.reset()
        self._drowsiness.reset()
        self._recovery.begin()
        self.perclos = None
        self._longest_s = 0.0

    def add(self, span: Span) -> None:
        """Take a span."""
        closures, doubtful = self.closures, False
        if span.reading.lowered and closures.closed_s and not closures.lowered:
            # it shows only now that the lids were lowered to look down
            closures.lowered = True
            if not closures.looked_down:
                closures.looked_down = True
                self._window.doubt()
        if self._ladder.is_climbed or span.reading.eyes is not Eyes.OPEN:
            ended = self._ladder.add(span)
            doubtful = span.reading.eyes is Eyes.CLOSED and (self._looked_down(span) or span.reading.doubtful)
            if ended is not None:
                self._drowsiness.signs.closure(ended)
        self._window.add(span, closures.closed_s, doubtful)
        self._recovery.add(span, closures.closed_s)

    def _looked_down(self, span: Span) -> bool:
        """Whether the head went down with the lids of the closure that runs; PERCLOS hears of it once it shows."""
        closures = self.closures
        if not closures.looked_down and self._cues.fell_with_lids(closures.start_t, span.end_t):
            closures.looked_down = True
            self._window.doubt()
        return closures.looked_down

    def judge(self, observation: Observation, eyes: Eyes, speed_kmh: float | None) -> list[Alert]:
        """Decide on what has been put in up to an observation."""
        t = observation.t
        self._speed_kmh = speed_kmh
        drowsiness = self._drowsiness
        if self._cues.yawned:
            drowsiness.signs.yawn(t)
        self.perclos = perclos = self._window.value()
        alerts: list[Alert] = []
        if self._ladder.is_climbed:
            self._longest_s = max(self._longest_s, self.closures.closed_s)
            if not self._below(self._settings.speed.closures_kmh):
                alerts += self._climb(t, self._ladder.climb())
            alerts += self._climb(t, self._ladder.no_return())
        lasted = drowsiness.lasts
        drowsiness.follow(t, perclos)
        if not lasted and eyes is Eyes.OPEN and drowsiness.is_reached(t, perclos) and self._may_be_drowsy(t):
            drowsiness.lasts = True
            self._recovery.raised()
            alerts += self._take(FatigueEvent.PERCLOS, t, t, "perclos")
        if self.life.level is not None:
            alerts += self._look_after(t, eyes, self.life.level)
        return alerts

    def _climb(self, t: float, climb: Climb | None) -> list[Alert]:
        if climb is None:
            return []
        self._recovery.raised()
        return self._take(climb.event, self.closures.start_t, t, climb.cause)

    def _may_be_drowsy(self, t: float) -> bool:
        """Whether PERCLOS may raise an alert now."""
        if not self.life.leads(FatigueEvent.PERCLOS) or self._below(self._settings.speed.drowsy_kmh):
            return False
        return not self.life.cooling(t, FatigueLevel.DROWSY, self._settings.life.drowsy_cooldown_s)

    def _look_after(self, t: float, eyes: Eyes, level: FatigueLevel) -> list[Alert]:
        """An alert is open: end it, or repeat it."""
        event = self._recovery.found(level, eyes)
        if event is FatigueEvent.RECOVERED and self._drowsiness.lasts:
            event = None
        if event is None or not self.life.leads(event):
            return self._repeat(t)
        return self._take(event, t, t, event.value)

    def held_back(self, t: float) -> HeldBack | None:
        """What holds back an alert that the eyes by themselves would raise; None when nothing does, or one is open.

        Args:
            t: Time of the observation that was judged.
        """
        if self.life.level is not None:
            return None
        if self.closures.closed_s >= self._settings.closure.microsleep_s:
            return HeldBack.SPEED if self.closures.rung() else HeldBack.EXPLAINED
        if not self._drowsiness.is_near(self.perclos):
            return None
        lacking = self._drowsiness.lacks(t, self.perclos)
        if lacking is not None:
            return lacking
        if self._below(self._settings.speed.drowsy_kmh):
            return HeldBack.SPEED
        return HeldBack.OPEN_EYES if self._may_be_drowsy(t) else HeldBack.COOLDOWN

    def known_share(self) -> float:
        """Share 0..1 of the PERCLOS window in which the eyes were known."""
        return self._window.known_share()

    def _below(self, gate_kmh: float) -> bool:
        """Whether the vehicle is known to be slower than a gate."""
        return self._speed_kmh is not None and self._speed_kmh < gate_kmh

    def end(self, t: float, cause: str) -> list[Alert]:
        """End the open alert, if there is one."""
        ended = super().end(t, cause)
        self._longest_s = self.closures.closed_s
        self._drowsiness.lasts = False
        return ended

    def evidence(self, t: float, cause: str) -> Evidence:
        """The numbers behind a step of an alert; ``cause`` says what made it."""
        closures = self.closures
        perclos = self._window.value()
        return {
            "cause": cause,
            "closed_s": round(closures.closed_s, 3),
            "longest_closed_s": round(max(self._longest_s, closures.closed_s), 3),
            "counted_s": round(closures.counted_s, 3),
            "explanation": closures.explanation() if closures.closed_s else None,
            "open_s": round(self._recovery.open_s, 3),
            "perclos": None if perclos is None else round(perclos, 4),
            "valid_share": round(self._window.valid_share(), 4),
            **self._drowsiness.signs.evidence(t),
            "speed_kmh": self._speed_kmh,
            "calibrated": round(self._learner.opening.learned, 3),
        }
