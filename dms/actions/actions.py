"""All actions together.

Takes the ``[actions]`` table and the steps of a drive, gives a report for ``health``.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from dms.actions.notice import Conditions, Notice
from dms.alerts.clock import Stamp
from dms.alerts.health import ActionsHealth
from dms.config.actions import ActionSettings
from dms.driver.state import Phase
from dms.sink import DriveInfo, Sink, Step

if TYPE_CHECKING:
    from dms.actions.button import Button
    from dms.actions.worker import Witness, Worker


class Actions(Sink):
    """What is done about alerts, none by default.

    Args:
        settings: The ``[actions]`` table.
        vehicle_id: Passed to the hook.
        stamp: Returns the UTC of a moment on the frames' clock.
        acknowledge: Called from another thread when the driver presses the button.
        witness: Receives what came of each message.

    Raises:
        UserError: The hook cannot be executed, or gpiozero or aplay is not installed.
    """

    def __init__(
        self,
        settings: ActionSettings,
        vehicle_id: str,
        stamp: Callable[[float], Stamp],
        acknowledge: Callable[[], None] = lambda: None,
        witness: "Witness | None" = None,
    ) -> None:
        self._workers: list[Worker] = []
        self._button: Button | None = None
        self._conditions = Conditions(stamp)
        self._open: dict[UUID, Notice] = {}
        """The last step of each alert that has not ended."""
        self._started = False
        if settings != ActionSettings():
            from dms.actions.devices import make_button, make_workers  # noqa: PLC0415  # most vehicles have none

            self._workers = make_workers(settings, vehicle_id, witness)
            self._button = make_button(settings, acknowledge)

    def start(self, info: DriveInfo) -> None:
        """Begin to act; in a session that follows another, go on."""
        if not self._started:
            self._started = True
            for worker in self._workers:
                worker.start()
            if self._button is not None:
                self._button.open()

    def step(self, step: Step) -> None:
        """Act on the alerts of one step, and on what it says of the watching; returns at once."""
        for message in step.messages:
            self.alert(message)
        if step.state is not None:
            for notice in self._conditions.update(step.state):
                self.alert(notice)

    def alert(self, message: Notice) -> None:
        """Act on one step of an alert, or of what is like one; returns at once."""
        if message.phase is Phase.END:
            self._open.pop(message.event_id, None)
        else:
            self._open[message.event_id] = message
        for worker in self._workers:
            worker.offer(message)

    def names_for(self, kind: str) -> tuple[str, ...]:
        """Return the names of those that act on alerts of this kind."""
        return tuple(worker.name for worker in self._workers if worker.takes(kind))

    def take_over(self, before: "Actions") -> None:
        """Act on what is open in the actions which these replace."""
        self._conditions = before._conditions
        for message in before._open.values():
            self.alert(message)

    def report(self) -> ActionsHealth | None:
        """Return how it went since the start; None where there is nothing to do."""
        if not self._workers:
            return None
        return ActionsHealth(
            done=sum(worker.done for worker in self._workers),
            failed=sum(worker.failed for worker in self._workers),
            dropped=sum(worker.dropped for worker in self._workers),
            error=next((worker.error for worker in self._workers if worker.error is not None), None),
        )

    def stop(self, timeout_s: float) -> None:
        """Finish what has begun within so long, then stop it and let go of the pins."""
        deadline = time.monotonic() + timeout_s
        if self._button is not None:
            self._button.close()
        for worker in self._workers:
            worker.begin_stop()
        for worker in self._workers:
            worker.stop(max(0.0, deadline - time.monotonic()))
