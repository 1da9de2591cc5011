"""What came of one alert that is followed: what the actions did, what the broker took, who acknowledged.

Takes what actions and delivery report from threads of their own, gives it to whoever follows that alert.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from dms.actions.worker import Outcome
from dms.alerts.messages import ALERT, AlertMessage
from dms.driver.state import Phase


@dataclass(frozen=True, slots=True)
class Heard:
    """Something that came of a step.

    Attributes:
        part: What it is about: ``daemon`` (the step was raised), ``mqtt``, ``acknowledgement``, or an action's name.
        phase: Which step.
        ok: Whether it went well; None when there was nothing to go well.
        text: What happened.
        t: When, monotonic seconds.
    """

    part: str
    phase: Phase
    ok: bool | None
    text: str
    t: float


class Outcomes:
    """Hears of everything, and passes on what is about the alert that is followed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._event_id: UUID | None = None
        self._put: Callable[[Heard], None] | None = None

    def follow(self, event_id: UUID, put: Callable[[Heard], None]) -> None:
        """Follow an alert, and no other any more."""
        with self._lock:
            self._event_id, self._put = event_id, put

    def raised(self, message: AlertMessage) -> None:
        """A step goes out now."""
        self._tell(message.event_id, "daemon", message.phase, True, "raised")

    def acted(self, outcome: Outcome) -> None:
        """An action has acted on a step, or has not."""
        self._tell(outcome.message.event_id, outcome.name, outcome.message.phase, outcome.done, outcome.text)

    def delivered(self, payload: str) -> None:
        """The broker has acknowledged an alert's message."""
        if self._event_id is not None and str(self._event_id) in payload:
            message = ALERT.validate_json(payload)
            self._tell(message.event_id, "mqtt", message.phase, True, "acknowledged by the broker (PUBACK)")

    def acknowledged(self, event_id: UUID) -> None:
        """Somebody has taken note of an alert."""
        self._tell(event_id, "acknowledgement", Phase.START, True, "somebody has taken note")

    def _tell(self, event_id: UUID, part: str, phase: Phase, ok: bool, text: str) -> None:
        now = time.monotonic()
        with self._lock:
            if event_id == self._event_id and self._put is not None:
                self._put(Heard(part, phase, ok, text, now))
