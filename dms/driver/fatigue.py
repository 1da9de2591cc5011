"""Judges fatigue: the ladder of a closure, PERCLOS with a second sign, and the way back.

Takes spans of open, closed and unknown eyes with what else is seen, gives alerts. A closure is judged by itself, at
once; drowsiness over a minute, and only when the eyes are open. Never reads unknown eyes as closed: all that unknown
eyes can do is fail to come back after `asleep`.
"""

from dms.config.driver import DriverSettings
from dms.driver.baseline import BaselineLearner
from dms.driver.closures import LOOKING_AWAY, ClosureTracker
from dms.driver.head import HeadStep, RestingHead
from dms.driver.lifecycle import AlertLife
from dms.driver.mouth import MouthReader
from dms.driver.perclos import Perclos
from dms.driver.signs import Signs
from dms.driver.smoothing import EPSILON_S
from dms.driver.state import Alert, AlertKind, Evidence, Eyes, FatigueLevel
from dms.observation import HeadPose, Observation

LADDER = (FatigueLevel.MICROSLEEP, FatigueLevel.ASLEEP, FatigueLevel.UNRESPONSIVE)
LATCHED = (FatigueLevel.ASLEEP, FatigueLevel.UNRESPONSIVE)


class FatigueJudge:
    """Fatigue over one drive.

    Args:
        settings: All limits of the driver room.
        learner: This driver's baseline; blinks are learned from here.
    """

    def __init__(self, settings: DriverSettings, learner: BaselineLearner) -> None:
        self._settings = settings
        self._learner = learner
        closure, life = settings.closure, settings.life
        self._slow_s = closure.slow_s
        self._recover_s = {
            FatigueLevel.DROWSY: life.drowsy_recover_s,
            FatigueLevel.MICROSLEEP: life.microsleep_recover_s,
            FatigueLevel.ASLEEP: life.asleep_recover_s,
            FatigueLevel.UNRESPONSIVE: life.unresponsive_recover_s,
        }
        self.closures = ClosureTracker(closure, settings.signs)
        self.perclos = Perclos(settings.perclos)
        self.life = AlertLife[FatigueLevel](AlertKind.FATIGUE, life.repeat_s)
        self.head = RestingHead(settings.baseline)
        self._step = HeadStep(closure)
        self.mouth = MouthReader(closure, settings.signs, settings.time.max_gap_s)
        self.signs = Signs(settings, learner)
        self._down_deg = closure.down_deg
        self._aside_deg = closure.aside_deg
        self._profile_deg = closure.profile_deg
        self._step_deg = closure.step_deg
        self._half_shut = closure.half_shut
        self._one_eye_weight = closure.one_eye_weight
        self._speed_kmh: float | None = None
        self.forget()

    def begin(self, learner: BaselineLearner) -> None:
        """Somebody else drives: forget everything and rest on another baseline."""
        self._learner = learner
        self.signs = Signs(self._settings, learner)
        self.head = RestingHead(self._settings.baseline)
        self.forget()

    def forget(self) -> None:
        """Begin all measures anew; an open alert stays open."""
        self.closures.forget()
        self._step.forget()
        self.mouth.forget()
        self.perclos.clear()
        self.signs.forget()
        self._rung = 0
        self._return_s: float | None = None
        self._open_s = 0.0
        self._unknown_s = 0.0
        self._drowsy = False
        self._measured_t: float | None = None
        self._doubtful = False
        self._longest_s = 0.0

    def see_head(self, t: float, pose: HeadPose) -> None:
        """Take the head's pose."""
        self.head.see(t, pose)
        self._step.see(t, pose.pitch)

    def turned_away(self, pose: HeadPose) -> bool:
        """Whether the head is turned so far from the camera, and from where it rests, that its eyes are not believed.

        A face whose profile shows while it rests there looks ahead, seen by a camera at a mirror.
        """
        return abs(pose.yaw) >= self._profile_deg and abs(pose.yaw - self.head.yaw) >= self._aside_deg

    def see_closed(self, observation: Observation, closedness: float, single: bool, laughing: bool) -> None:
        """Note what surrounds eyes that are closed in this observation.

        Args:
            observation: What was seen.
            closedness: How far the eyes are shut, 0..1.
            single: Only one eye is known.
            laughing: The face laughs.
        """
        pose = observation.pose
        explanations: tuple[str, ...] = ()
        if pose is not None and (
            pose.pitch <= self.head.pitch - self._down_deg or abs(pose.yaw - self.head.yaw) >= self._aside_deg
        ):
            explanations = (LOOKING_AWAY,)
        if laughing:
            explanations += ("laughing",)
        if self.mouth.wide(observation.t):
            explanations += ("yawning",)
        self._doubtful = bool(explanations) or closedness < self._half_shut
        weight = self._one_eye_weight if single else 1.0
        self.closures.see(closedness, weight, explanations, None if pose is None else pose.pitch)

    def closed(self, t: float, span_s: float, interval_s: float) -> None:
        """The eyes were closed for a span that ends at ``t``, between observations ``interval_s`` apart."""
        closures = self.closures
        closures.closed(t, span_s, interval_s)
        if not closures.looked_down and self._fell_with_lids(t, closures):
            closures.looked_down = True
            self.perclos.doubt()
        self.perclos.closed(span_s, interval_s, closures.closed_s, self._doubtful or closures.looked_down)
        if closures.closed_s >= self._slow_s:
            self._open_s = 0.0
        self._unknown_s = 0.0
        if self._return_s is not None:
            self._return_s += span_s

    def _fell_with_lids(self, t: float, closures: ClosureTracker) -> bool:
        """Whether the head went down just when the lids did; told once the stretch after it has passed."""
        if t - closures.start_t < self._settings.closure.step_window_s:
            return False
        down_deg = self._step.down_deg(closures.start_t)
        return down_deg is not None and down_deg >= self._step_deg

    def opened(self, t: float, span_s: float, interval_s: float) -> None:
        """The eyes were open for a span."""
        self._open_s += span_s
        self._unknown_s = 0.0
        self.perclos.open(span_s, interval_s)
        if self.closures.closed_s:
            ended = self.closures.opened(t, span_s, interval_s)
            if ended is not None:
                self._rung = 0
                self._return_s = None
                self.signs.closure(ended)

    def unknown(self, span_s: float, in_view: bool) -> None:
        """Nothing was known of the eyes for a span; ``in_view`` when the picture itself could be judged."""
        self._unknown_s += span_s
        self.perclos.unknown(span_s)
        if self.closures.closed_s:
            self.closures.unknown(span_s)
            if not self.closures.closed_s:
                self._rung = 0
        if in_view and self._return_s is not None:
            self._return_s += span_s

    def see_mouth(self, t: float, yawn: float) -> None:
        """Take a reading of the mouth."""
        if self.mouth.read(t, yawn):
            self.signs.yawn(t)

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
        closures = self.closures
        self._longest_s = max(self._longest_s, closures.closed_s)
        if closures.closed_s and self._rung < len(LADDER):
            self._climb(t, alerts)
        if self._return_s is not None and self._return_s + EPSILON_S >= self._settings.closure.no_return_s:
            self._return_s = None
            if self.closures.closed_s:
                self._rung = len(LADDER)
            self._raise(FatigueLevel.UNRESPONSIVE, self.closures.start_t, t, "no_return", alerts)
        if perclos is not None:
            self._measured_t = t
            if self._drowsy:
                self._drowsy = perclos >= self._settings.perclos.clear
            elif perclos >= self._settings.perclos.advisory and eyes is Eyes.OPEN:
                self._judge_drowsy(t, perclos, alerts)
        elif self._drowsy and (self._measured_t is None or t - self._measured_t > self._settings.life.lost_s):
            self._drowsy = False
        if self.life.level is not None:
            self._look_after(t, eyes, perclos, alerts)
        return alerts

    def _climb(self, t: float, alerts: list[Alert]) -> None:
        """Raise what the closure that runs has reached, if that is news."""
        reached = self.closures.rung()
        if reached <= self._rung or self._below(self._settings.speed.closures_kmh):
            return
        self._rung = reached
        level = LADDER[reached - 1]
        self._return_s = 0.0 if level is FatigueLevel.ASLEEP else None
        self._raise(level, self.closures.start_t, t, "closure", alerts)

    def _raise(self, level: FatigueLevel, started_t: float, t: float, cause: str, alerts: list[Alert]) -> None:
        self._open_s = 0.0
        alerts.append(self.life.raise_to(level, started_t, t, self.evidence(t, cause)))

    def _judge_drowsy(self, t: float, perclos: float, alerts: list[Alert]) -> None:
        """PERCLOS is at the advisory level or above; an alert that is open tells of something worse already."""
        limits = self._settings.perclos
        if self.life.level is not None or self.signs.droops(t) < limits.min_droops:
            return
        if perclos < limits.warning and self.signs.found(t) is None:
            return
        if self._below(self._settings.speed.drowsy_kmh):
            return
        if self.life.cooling(t, FatigueLevel.DROWSY, self._settings.life.drowsy_cooldown_s):
            return
        self._drowsy = True
        self._raise(FatigueLevel.DROWSY, t, t, "perclos", alerts)

    def _below(self, gate_kmh: float) -> bool:
        """Whether the vehicle is known to be slower than a gate."""
        return self._speed_kmh is not None and self._speed_kmh < gate_kmh

    def _look_after(self, t: float, eyes: Eyes, perclos: float | None, alerts: list[Alert]) -> None:
        """An alert is open: end it, or repeat it."""
        level = self.life.level
        assert level is not None
        recovered = eyes is Eyes.OPEN and not self._drowsy and self._open_s + EPSILON_S >= self._recover_s[level]
        lost = level not in LATCHED and self._unknown_s >= self._settings.life.lost_s
        if recovered or lost:
            alerts.extend(self.end(t, "recovered" if recovered else "lost"))
        elif self.life.due(t):
            alerts.append(self.life.repeat(t, self.evidence(t, "repeat")))

    def end(self, t: float, cause: str) -> list[Alert]:
        """End the open alert, if there is one."""
        ended = self.life.end(t, self.evidence(t, cause))
        self._longest_s = self.closures.closed_s
        self._drowsy = False
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
            "open_s": round(self._open_s, 3),
            "perclos": None if perclos is None else round(perclos, 4),
            "valid_share": round(self.perclos.valid_share(), 4),
            **self.signs.evidence(t),
            "speed_kmh": self._speed_kmh,
            "calibrated": round(self._learner.opening.learned, 3),
        }
