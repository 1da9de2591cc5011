"""Judges fatigue: the ladder of a closure, drowsiness over a minute, and the way back.

Takes spans of open, closed and unknown eyes, gives alerts. A closure is judged by itself, at once; drowsiness over a
minute, and only when the eyes are open: during a closure the ladder judges.
"""

from dms.config.driver import DriverSettings
from dms.driver.baseline import BaselineLearner
from dms.driver.cues import Cues
from dms.driver.drowsiness import Drowsiness
from dms.driver.ladder import Climb, Ladder
from dms.driver.lifecycle import AlertLife
from dms.driver.recovery import Recovery
from dms.driver.span import Span
from dms.driver.state import Alert, AlertKind, Evidence, Eyes, FatigueLevel, HeldBack


class FatigueJudge:
    """Fatigue over one drive.

    Args:
        settings: All limits of the driver room.
        learner: This driver's baseline; blinks are learned from here.
        cues: Head and mouth.
    """

    def __init__(self, settings: DriverSettings, learner: BaselineLearner, cues: Cues) -> None:
        self._settings = settings
        self._learner = learner
        self._cues = cues
        self._ladder = Ladder(settings.closure, settings.signs)
        self.closures = self._ladder.closures
        """The closure that runs, if any."""
        self._drowsiness = Drowsiness(settings, learner)
        self.perclos = self._drowsiness.perclos
        """PERCLOS over the last window."""
        self._recovery = Recovery(settings.life, settings.closure.slow_s)
        self.life = AlertLife[FatigueLevel](AlertKind.FATIGUE, settings.life.repeat_s)
        self._speed_kmh: float | None = None
        self._longest_s = 0.0

    def begin(self, learner: BaselineLearner) -> None:
        """Somebody else drives: forget everything and rest on another baseline."""
        self._learner = learner
        self._drowsiness.begin(learner)
        self.reset()

    def reset(self) -> None:
        """Begin all measures anew; an open alert stays open."""
        self._ladder.reset()
        self._drowsiness.reset()
        self._recovery.begin()
        self._longest_s = 0.0

    def add(self, span: Span) -> None:
        """Take a span."""
        closures, ended, doubtful = self.closures, None, False
        if closures.closed_s or span.reading.eyes is not Eyes.OPEN:
            ended = self._ladder.add(span)
            doubtful = span.reading.eyes is Eyes.CLOSED and (self._looked_down(span) or span.reading.doubtful)
        self._drowsiness.add(span, closures.closed_s, doubtful, ended)
        self._recovery.add(span, closures.closed_s)

    def _looked_down(self, span: Span) -> bool:
        """Whether the head went down with the lids of the closure that runs; PERCLOS hears of it once it shows."""
        closures = self.closures
        if not closures.looked_down and self._cues.fell_with_lids(closures.start_t, span.end_t):
            closures.looked_down = True
            self.perclos.doubt()
        return closures.looked_down

    def add_yawn(self, t: float) -> None:
        """The driver has just yawned."""
        self._drowsiness.signs.yawn(t)

    def judge(self, t: float, eyes: Eyes, perclos: float | None, speed_kmh: float | None) -> list[Alert]:
        """Decide on what has been put in up to ``t``.

        Args:
            t: Time of the observation.
            eyes: The eyes in it.
            perclos: PERCLOS now.
            speed_kmh: The vehicle's speed, None when it is absent.
        """
        self._speed_kmh = speed_kmh
        alerts: list[Alert] = []
        if self._ladder.is_climbed:
            self._longest_s = max(self._longest_s, self.closures.closed_s)
            if not self._below(self._settings.speed.closures_kmh):
                self._raise_closure(t, self._ladder.climb(), alerts)
            self._raise_closure(t, self._ladder.no_return(), alerts)
        lasted = self._drowsiness.lasts
        self._drowsiness.follow(t, perclos)
        if not lasted and eyes is Eyes.OPEN and self._drowsiness.is_reached(t, perclos) and self._may_be_drowsy(t):
            self._drowsiness.lasts = True
            self._raise(FatigueLevel.DROWSY, t, t, "perclos", alerts)
        if self.life.level is not None:
            self._look_after(t, eyes, self.life.level, alerts)
        return alerts

    def _raise_closure(self, t: float, climb: Climb | None, alerts: list[Alert]) -> None:
        if climb is not None:
            self._raise(climb.level, self.closures.start_t, t, climb.cause, alerts)

    def _raise(self, level: FatigueLevel, started_t: float, t: float, cause: str, alerts: list[Alert]) -> None:
        self._recovery.raised()
        alerts.append(self.life.raise_to(level, started_t, t, self.evidence(t, cause)))

    def _may_be_drowsy(self, t: float) -> bool:
        """Whether `drowsy` may be raised: an alert that is open tells of something worse already."""
        if self.life.level is not None or self._below(self._settings.speed.drowsy_kmh):
            return False
        return not self.life.cooling(t, FatigueLevel.DROWSY, self._settings.life.drowsy_cooldown_s)

    def held_back(self, t: float, perclos: float | None) -> HeldBack | None:
        """What holds back an alert that the eyes by themselves would raise; None when nothing does, or one is open.

        Args:
            t: Time of the observation that was judged.
            perclos: PERCLOS now.
        """
        if self.life.level is not None:
            return None
        if self.closures.closed_s >= self._settings.closure.microsleep_s:
            return HeldBack.SPEED if self.closures.rung() else HeldBack.EXPLAINED
        if not self._drowsiness.is_near(perclos):
            return None
        lacking = self._drowsiness.lacks(t, perclos)
        if lacking is not None:
            return lacking
        if self._below(self._settings.speed.drowsy_kmh):
            return HeldBack.SPEED
        return HeldBack.OPEN_EYES if self._may_be_drowsy(t) else HeldBack.COOLDOWN

    def _below(self, gate_kmh: float) -> bool:
        """Whether the vehicle is known to be slower than a gate."""
        return self._speed_kmh is not None and self._speed_kmh < gate_kmh

    def _look_after(self, t: float, eyes: Eyes, level: FatigueLevel, alerts: list[Alert]) -> None:
        """An alert is open: end it, or repeat it."""
        cause = self._recovery.cause(level, eyes)
        if cause == "recovered" and self._drowsiness.lasts:
            cause = None
        if cause is not None:
            alerts.extend(self.end(t, cause))
        elif self.life.due(t):
            alerts.append(self.life.repeat(t, self.evidence(t, "repeat")))

    def end(self, t: float, cause: str) -> list[Alert]:
        """End the open alert, if there is one."""
        ended = self.life.end(t, self.evidence(t, cause))
        self._longest_s = self.closures.closed_s
        self._drowsiness.lasts = False
        return [] if ended is None else [ended]

    def evidence(self, t: float, cause: str) -> Evidence:
        """The numbers behind a step of an alert; ``cause`` says what made it."""
        closures = self.closures
        perclos = self.perclos.value()
        return {
            "cause": cause,
            "closed_s": round(closures.closed_s, 3),
            "longest_closed_s": round(max(self._longest_s, closures.closed_s), 3),
            "counted_s": round(closures.counted_s, 3),
            "explanation": closures.explanation() if closures.closed_s else None,
            "open_s": round(self._recovery.open_s, 3),
            "perclos": None if perclos is None else round(perclos, 4),
            "valid_share": round(self.perclos.valid_share(), 4),
            **self._drowsiness.signs.evidence(t),
            "speed_kmh": self._speed_kmh,
            "calibrated": round(self._learner.opening.learned, 3),
        }
