"""The driver monitor: one observation after another, a judgement for each.

Takes ``Observation`` values and vehicle inputs, gives ``Judgement`` values. Cuts the time between two observations
into spans of open, closed and unknown eyes and hands them to the judges of fatigue, anger and distraction. Time comes
with the observations alone.
"""

from math import isfinite

from dms.config.driver import DriverSettings
from dms.driver.anger import AngerJudge
from dms.driver.baseline import Baseline, BaselineLearner
from dms.driver.cues import Cues
from dms.driver.distraction import DistractionJudge
from dms.driver.fatigue import FatigueJudge
from dms.driver.inputs import Acknowledgement, DriverChange, DriverInput, VehicleSpeed
from dms.driver.reader import ObservationReader
from dms.driver.span import Reading, cut
from dms.driver.speed import SpeedHold
from dms.driver.state import Alert, AlertKind, Condition, Degraded, DriverState, Eyes, Judgement
from dms.driver.visibility import Visibility
from dms.observation import Observation, View

_NOTHING = Reading(Eyes.UNKNOWN, obstacle=Degraded.FACE_MISSING, in_view=False)


class DriverMonitor:
    """Judges one driver over one drive.

    A frame that repeats the time of the one before, or comes late by less than ``time.max_gap_s``, changes nothing.
    A clock that jumps begins all measures anew; open alerts stay open, and on a jump backwards their start moves with
    the clock, so that no duration is ever negative.

    While a camera gives nothing, the owner steps it with observations whose ``view`` is ``View.LOST``.

    Args:
        settings: All limits; the defaults without.
        baseline: What is already known about this driver; None to learn it.
    """

    def __init__(self, settings: DriverSettings | None = None, baseline: Baseline | None = None) -> None:
        settings = settings or DriverSettings()
        self._settings = settings
        self._time = settings.time
        self._max_gap_s = settings.time.max_gap_s
        self._jump_s = settings.time.jump_s
        self._learner = BaselineLearner(settings, baseline)
        self._cues = Cues(settings)
        self._reader = ObservationReader(settings, self._learner, self._cues)
        self._fatigue = FatigueJudge(settings, self._learner, self._cues)
        self._anger = AngerJudge(settings, self._learner)
        self._distraction = DistractionJudge(settings)
        self._visibility = Visibility(settings.degraded)
        self._speed = SpeedHold(settings.speed.hold_s)
        self._last: Observation | None = None
        self._reading = _NOTHING
        self._state: DriverState | None = None

    @property
    def baseline(self) -> Baseline:
        """What is normal for this driver, as far as it is learned; to be kept for the next drive."""
        return self._learner.baseline()

    @property
    def stranger(self) -> bool:
        """Whether the baseline that was given does not fit who drives, so that another is learned for this drive."""
        return self._learner.stranger

    def step(self, observation: Observation) -> Judgement:
        """Judge the next observation.

        Raises:
            ValueError: Its time is not a number.
        """
        t = observation.t
        last = self._last
        if last is None:
            if not isfinite(t):
                raise ValueError(f"an observation needs a finite time, not {t}")
            interval_s = 0.0
        else:
            interval_s = t - last.t
            if not 0.0 < interval_s <= self._jump_s:
                if not isfinite(t):
                    raise ValueError(f"an observation needs a finite time, not {t}")
                if -self._max_gap_s <= interval_s <= 0.0 and self._state is not None:
                    return Judgement(self._state, ())
                self._jump(interval_s)
                interval_s = 0.0
        self._cues.update(observation)
        if self._cues.yawned:
            self._fatigue.add_yawn(t)
        reading = self._reader.read(observation, self._anger.laughing(t))
        if interval_s > 0.0:
            for span in cut(self._reading, reading, t, interval_s, self._time):
                self._fatigue.add(span)
                self._visibility.add(span)
                self._distraction.add(span)
            self._reader.learn(min(interval_s, self._max_gap_s))
        self._last, self._reading = observation, reading
        return self._judge(observation, reading.eyes)

    def _jump(self, interval_s: float) -> None:
        """The clock has jumped by so much: nothing that was measured holds any longer."""
        self._reader.reset()
        self._cues.reset()
        self._fatigue.reset()
        self._anger.reset()
        self._distraction.reset()
        self._visibility.reset()
        self._reading = _NOTHING
        self._speed.reset()
        if interval_s < 0.0:
            self._fatigue.life.shift(interval_s)
            self._anger.life.shift(interval_s)
            self._distraction.life.shift(interval_s)

    def _judge(self, observation: Observation, eyes: Eyes) -> Judgement:
        t = observation.t
        fatigue, anger = self._fatigue, self._anger
        perclos = fatigue.perclos.value()
        speed_kmh = self._speed.kmh(t)
        alerts = fatigue.judge(t, eyes, perclos, speed_kmh)
        alerts += anger.update(t, observation.emotions, self._cues.mouth.wide(t))
        alerts += self._distraction.judge(t, speed_kmh)
        self._state = self._describe(observation, eyes, perclos)
        return Judgement(self._state, tuple(alerts))

    def _describe(self, observation: Observation, eyes: Eyes, perclos: float | None) -> DriverState:
        fatigue, anger = self._fatigue, self._anger
        closed_s = fatigue.closures.closed_s if eyes is Eyes.CLOSED else 0.0 if eyes is Eyes.OPEN else None
        fatigue_level = fatigue.life.level
        degraded = self._visibility.reason
        if degraded is not None:
            condition = Condition.DEGRADED
        elif fatigue_level is not None:
            condition = Condition.FATIGUED
        elif self._visibility.enough() and fatigue.closures.closed_s < self._settings.closure.asleep_s:
            condition = Condition.ATTENTIVE
        else:
            condition = Condition.UNKNOWN
        learner = self._learner
        return DriverState(
            observation.t,
            condition,
            degraded,
            observation.face if observation.view is View.CLEAR else None,
            eyes,
            closed_s,
            perclos,
            fatigue.perclos.known_share(),
            fatigue_level,
            anger.life.level,
            anger.score,
            anger.emotions,
            (learner.opening.learned + learner.anger.learned) / 2,
            fatigue.held_back(observation.t, perclos),
            self._distraction.looking,
            self._distraction.off_road_s,
            self._distraction.life.level,
        )

    def receive(self, event: DriverInput) -> Judgement | None:
        """Take a vehicle or driver input.

        Returns:
            What it led to, None when it changed nothing that can be told.

        Raises:
            ValueError: A time or a speed is not a number, or a speed is negative.
        """
        if not isfinite(event.t):
            raise ValueError(f"an input needs a finite time, not {event.t}")
        if isinstance(event, VehicleSpeed):
            self._speed.update(event)
            return None
        if isinstance(event, Acknowledgement):
            return self._acknowledge(event)
        return self._change_driver(event)

    def _acknowledge(self, event: Acknowledgement) -> Judgement | None:
        alerts = []
        t = self._now(event.t)
        if event.kind in (None, AlertKind.FATIGUE):
            evidence = self._fatigue.evidence(t, "acknowledged")
            alerts.append(self._fatigue.life.acknowledge(t, event.episode, evidence))
        if event.kind in (None, AlertKind.ANGER):
            alerts.append(self._anger.life.acknowledge(t, event.episode, self._anger.evidence("acknowledged")))
        if event.kind in (None, AlertKind.DISTRACTION):
            distraction = self._distraction
            alerts.append(distraction.life.acknowledge(t, event.episode, distraction.evidence("acknowledged")))
        return self._told(tuple(alert for alert in alerts if alert is not None))

    def _change_driver(self, event: DriverChange) -> Judgement | None:
        ended = self.finish("driver_change")
        self._learner = BaselineLearner(self._settings, event.baseline)
        self._reader.begin(self._learner)
        self._cues.begin()
        self._fatigue.begin(self._learner)
        self._anger.begin(self._learner)
        self._distraction.reset()
        self._visibility.reset()
        self._reading = _NOTHING
        return self._told(ended)

    def _told(self, alerts: tuple[Alert, ...]) -> Judgement | None:
        if self._last is None or not (alerts or self._state):
            return None
        self._state = self._describe(self._last, self._reading.eyes, self._fatigue.perclos.value())
        return Judgement(self._state, alerts) if alerts else None

    def _now(self, t: float) -> float:
        """The time of an input, not before the latest observation: alerts go forward in time."""
        return t if self._last is None else max(t, self._last.t)

    def finish(self, reason: str) -> tuple[Alert, ...]:
        """End what is open, at the time of the latest observation.

        Args:
            reason: Why, for the evidence: for example ``end_of_drive`` or ``service_stop``.
        """
        if self._last is None:
            return ()
        t = self._last.t
        judges = (self._fatigue, self._anger, self._distraction)
        return tuple(alert for judge in judges for alert in judge.end(t, reason))
