"""What the running daemon answers somebody who asks: a look at it, taken between two frames.

``Notes`` hears the drive and keeps what a look needs of it. Takes steps, gives plain values; changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime

from dms.alerts.clock import Clock
from dms.alerts.health import HealthMessage
from dms.alerts.messages import AlertMessage
from dms.driver.state import Condition, Degraded, DriverState
from dms.sink import Sink, Step


@dataclass(frozen=True, slots=True)
class Look:
    """What runs, and how it is doing now.

    Attributes:
        health: All parts; the frame rate is that of the last five seconds.
        since: When the daemon started, UTC.
        session: Names this run.
        state: The driver as last judged; None before the first observation.
        condition_since: Since when the condition, and what degrades it, is what it is, UTC.
        last_alert: The last step of the last alert of this run; None before the first.
    """

    health: HealthMessage
    since: datetime
    session: str
    state: DriverState | None
    condition_since: datetime | None
    last_alert: AlertMessage | None


class Notes(Sink):
    """Keeps the last alert, and since when the condition stands."""

    def __init__(self) -> None:
        self.last_alert: AlertMessage | None = None
        """The last step of the last alert that was no test; None before the first."""
        self._condition: tuple[Condition, Degraded | None] | None = None
        self._since_t: float | None = None

    def step(self, step: Step) -> None:
        """Note what is new."""
        real = [message for message in step.messages if not message.test]
        if real:
            self.last_alert = real[-1]
        state = step.state
        if state is not None and (state.condition, state.degraded) != self._condition:
            self._condition, self._since_t = (state.condition, state.degraded), state.t

    def condition_since(self, clock: Clock) -> datetime | None:
        """Since when the condition stands, UTC; None before the first."""
        return None if self._since_t is None else clock.stamp(self._since_t).at
