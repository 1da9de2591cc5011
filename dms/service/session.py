"""One session of judging: a driver, what is known about them, and the monitor that judges.

Takes inputs, gives what the monitor takes. Knows which driver is named and keeps what is learned about each. A reload
that changes limits or models ends a session and begins another; nothing that was measured is carried over.
"""

import logging

from dms.alerts.inputs import DriverNamed, Input
from dms.config import DriverSettings
from dms.driver.baseline import Baseline
from dms.driver.inputs import DriverChange, DriverInput
from dms.driver.monitor import DriverMonitor
from dms.service.baselines import BaselineStore

log = logging.getLogger(__name__)


class DriverSession:
    """Knows who is judged.

    Args:
        settings: Limits.
        baselines: What is known about each driver.
        driver_id: Who drives; None for somebody unknown.

    Attributes:
        driver_id: Who drives now.
        monitor: Judges whoever is named.
    """

    def __init__(self, settings: DriverSettings, baselines: BaselineStore, driver_id: str | None) -> None:
        self._baselines = baselines
        self.driver_id = driver_id
        self.monitor = DriverMonitor(settings, self._known())
        self._learned = self.monitor.baseline.parts_learned
        self._stranger = False

    def resolve(self, event: Input) -> DriverInput | None:
        """Turn what was heard into what is judged: a name into what is known of who has it; None when it is no news."""
        if not isinstance(event, DriverNamed):
            return event
        # a gateway that repeats the name changes nothing, and neither does one that repeats that it knows none
        if event.driver_id == self.driver_id:
            return None
        self.save()
        self.driver_id = event.driver_id
        known = self._known()
        self._stranger = False
        self._learned = 0 if known is None else known.parts_learned
        return DriverChange(event.t, known)

    def save_lessons(self) -> None:
        """Save the baseline when a part of it has been learned: cars cut the power, and SD cards wear."""
        if self.monitor.stranger:
            if not self._stranger:
                self._stranger = True
                log.warning(
                    "the eyes do not fit what is kept of driver %s: somebody else drives, who is learned anew for this "
                    "drive; what is kept stays",
                    self.driver_id,
                )
            return
        learned = self.monitor.baseline.parts_learned
        if learned > self._learned:
            self.save()
        self._learned = learned

    def save(self) -> None:
        """Save the baseline of a driver who has a name, unless somebody else drives under it."""
        if self.driver_id is not None and not self.monitor.stranger:
            self._baselines.save(self.driver_id, self.monitor.baseline)

    def _known(self) -> Baseline | None:
        return None if self.driver_id is None else self._baselines.load(self.driver_id)
