"""The driver monitor: one observation after another, a judgement for each; another driver begins anew.

Takes ``Observation`` values and vehicle inputs, gives ``Judgement`` values. Cuts the time between two observations
into spans of open, closed and unknown eyes and hands them to the judges of fatigue, anger and distraction. Time comes
with the observations alone.
"""

from math import isfinite

from dms.config.driver import DriverSettings
from dms.driver.anger import AngerJudge
from dms.driver.baseline import Baseline, BaselineLearner
from dms.driver.cues import Cues
from dms.driver.describe import Describer
from dms.driver.distraction import DistractionJudge
from dms.driver.fatigue import FatigueJudge
from dms.driver.inputs import Acknowledgement, DriverChange, DriverInput, VehicleSpeed
from dms.driver.reader import ObservationReader
from dms.driver.span import Reading, cut
from dms.driver.speed import SpeedHold
from dms.driver.state import Alert, Degraded, DriverState, Eyes, Judgement
from dms.driver.visibility import Visibility
from dms.observation import Observation

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
        fatigue = FatigueJudge(settings, self._learner, self._cues)
        self._anger = AngerJudge(settings, self._learner, self._cues)
        distraction = DistractionJudge(settings)
        self._judges = (fatigue, self._anger, distraction)
        self._visibility = Visibility(settings.degraded)
        self._walk = (fatigue.add, self._visibility.add, distraction.add)
        """What every span is put into."""
        self._describer = Describer(settings, self._learner, fatigue, self._anger, distraction, self._visibility)
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
        reading = self._reader.read(observation, self._anger.laughing)
        if interval_s > 0.0:
            for span in cut(self._reading, reading, t, interval_s, self._time):
                for add in self._walk:
                    add(span)
            self._reader.learn(min(interval_s, self._max_gap_s))
        self._last, self._reading = observation, reading
        return self._judge(observation, reading.eyes)

    def _judge(self, observation: Observation, eyes: Eyes) -> Judgement:
        speed_kmh = self._speed.kmh(observation.t)
        alerts: list[Alert] = []
        for judge in self._judges:
            alerts += judge.judge(observation, eyes, speed_kmh)
        self._state = self._describer.describe(observation, eyes)
        return Judgement(self._state, tuple(alerts))

    def _jump(self, interval_s: float) -> None:
        """The clock has jumped by so much: nothing that was measured holds any longer."""
        self._reader.reset()
        self._cues.reset()
        self._visibility.reset()
        self._speed.reset()
        self._reading = _NOTHING
        for judge in self._judges:
            judge.reset()
            if interval_s < 0.0:
                judge.life.shift(interval_s)

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
        # not before the latest observation: alerts go forward in time
        t = event.t if self._last is None else max(event.t, self._last.t)
        alerts: list[Alert] = []
        for judge in self._judges:
            if event.kind in (None, judge.life.kind):
                alerts += judge.acknowledge(t, event.episode)
        return self._told(tuple(alerts))

    def _change_driver(self, event: DriverChange) -> Judgement | None:
        ended = self.finish("driver_change")
        self._learner = BaselineLearner(self._settings, event.baseline)
        self._reader.begin(self._learner)
        self._cues.begin()
        self._visibility.reset()
        self._describer.begin(self._learner)
        self._reading = _NOTHING
        for judge in self._judges:
            judge.begin(self._learner)
        return self._told(ended)

    def _told(self, alerts: tuple[Alert, ...]) -> Judgement | None:
        if self._last is None or not (alerts or self._state):
            return None
        self._state = self._describer.describe(self._last, self._reading.eyes)
        return Judgement(self._state, alerts) if alerts else None

    def finish(self, reason: str) -> tuple[Alert, ...]:
        """End what is open, at the time of the latest observation.

        Args:
            reason: Why, for the evidence: for example ``end_of_drive`` or ``service_stop``.
        """
        if self._last is None:
            return ()
        t = self._last.t
        return tuple(alert for judge in self._judges for alert in judge.end(t, reason))
