"""One session of judging: a driver, what is known about them, and the monitor that judges.

Takes observations and inputs, gives judgements. Knows which driver is named and keeps what is learned about each. A
reload that changes limits or models ends a session and begins another; nothing that was measured is carried over.
"""

from dms.alerts.inputs import DriverNamed, Input
from dms.config import DriverSettings
from dms.driver.baseline import Baseline
from dms.driver.inputs import DriverChange, DriverInput
from dms.driver.monitor import DriverMonitor
from dms.driver.state import Alert, Judgement
from dms.observation import Observation
from dms.records.records import Records
from dms.service.baselines import BaselineStore


class DriverSession:
    """Judges whoever is named as the driver.

    Args:
        settings: Limits.
        baselines: What is known about each driver.
        driver_id: Who drives; None for somebody unknown.
        records: Are given everything that is judged, before it is judged.
    """

    def __init__(
        self,
        settings: DriverSettings,
        baselines: BaselineStore,
        driver_id: str | None,
        records: Records,
    ) -> None:
        self._baselines = baselines
        self._records = records
        self.driver_id = driver_id
        self._monitor = DriverMonitor(settings, self._known())
        self._learned = self._monitor.baseline.parts_learned

    @property
    def baseline(self) -> Baseline:
        """What is known about the driver by now."""
        return self._monitor.baseline

    def step(self, observation: Observation) -> Judgement:
        """Judge the next observation."""
        self._records.judged(observation)
        return self._monitor.step(observation)

    def hear(self, event: Input) -> Judgement | None:
        """Take an input; gives what it led to, None when it changed nothing that can be told."""
        if not isinstance(event, DriverNamed):
            return self._receive(event)
        # a gateway that repeats the name changes nothing
        if event.driver_id is not None and event.driver_id == self.driver_id:
            return None
        self.save()
        self.driver_id = event.driver_id
        heard = self._receive(DriverChange(event.t, self._known()))
        self._learned = self._monitor.baseline.parts_learned
        return heard

    def finish(self, reason: str) -> tuple[Alert, ...]:
        """End what is open.

        Args:
            reason: Why, for the evidence.
        """
        return self._monitor.finish(reason)

    def save_lessons(self) -> None:
        """Save the baseline when a part of it has been learned: cars cut the power, and SD cards wear."""
        learned = self._monitor.baseline.parts_learned
        if learned > self._learned:
            self.save()
        self._learned = learned

    def save(self) -> None:
        """Save the baseline of a driver who has a name."""
        if self.driver_id is not None:
            self._baselines.save(self.driver_id, self._monitor.baseline)

    def _known(self) -> Baseline | None:
        return None if self.driver_id is None else self._baselines.load(self.driver_id)

    def _receive(self, event: DriverInput) -> Judgement | None:
        self._records.judged(event)
        return self._monitor.receive(event)
