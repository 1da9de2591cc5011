"""All actions together.

Takes the ``[actions]`` table and the steps of a drive, gives a report for ``health``.
"""

import time
from uuid import UUID

from dms.actions.gpio import Buzzer, Light
from dms.actions.hook import Hook
from dms.actions.worker import Witness, Worker
from dms.alerts.messages import ActionsHealth, AlertMessage
from dms.config.actions import ActionSettings
from dms.driver.state import Phase
from dms.sink import DriveInfo, Sink, Step


class Actions(Sink):
    """What is done about alerts, none by default.

    Args:
        settings: The ``[actions]`` table.
        vehicle_id: Told to the hook.
        witness: Is told what came of each message.

    Raises:
        UserError: The hook cannot be executed, or gpiozero is not installed.
    """

    def __init__(self, settings: ActionSettings, vehicle_id: str, witness: Witness | None = None) -> None:
        self._workers: list[Worker] = []
        self._open: dict[UUID, AlertMessage] = {}
        """The last step of each alert that has not ended."""
        self._started = False
        hook, buzzer, led = settings.hook, settings.buzzer, settings.led
        if hook.command is not None:
            self._workers.append(Worker(Hook(hook, vehicle_id), hook.kinds, hook.per_minute, witness))
        if buzzer.pin is not None:
            self._workers.append(Worker(Buzzer(buzzer), buzzer.kinds, buzzer.per_minute, witness))
        if led.pin is not None:
            self._workers.append(Worker(Light(led), led.kinds, None, witness))

    def start(self, info: DriveInfo) -> None:
        """Begin to act; in a session that follows another, go on."""
        if not self._started:
            self._started = True
            for worker in self._workers:
                worker.start()

    def step(self, step: Step) -> None:
        """Act on the alerts of one step; returns at once."""
        for message in step.messages:
            self.alert(message)

    def alert(self, message: AlertMessage) -> None:
        """Act on one step of an alert; returns at once."""
        if message.phase is Phase.END:
            self._open.pop(message.event_id, None)
        else:
            self._open[message.event_id] = message
        for worker in self._workers:
            worker.offer(message)

    def told(self, kind: str) -> tuple[str, ...]:
        """The names of those that act on alerts of this kind."""
        return tuple(worker.name for worker in self._workers if worker.takes(kind))

    def take_over(self, before: "Actions") -> None:
        """Act on the alerts that are open in the actions which these replace."""
        for message in before._open.values():
            self.alert(message)

    def report(self) -> ActionsHealth | None:
        """How it went since the start; None where there is nothing to do."""
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
        for worker in self._workers:
            worker.finish()
        for worker in self._workers:
            worker.close(max(0.0, deadline - time.monotonic()))
