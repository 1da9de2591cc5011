"""The road that every moment walks: seen, judged, put into messages, given to every sink.

Takes frames, observations and inputs in order of time, gives a ``Step`` for each. Daemon, replay and bench compose it
from their own parts and walk it alike. Knows no camera and no network.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from dms.alerts.encoder import Encoder
from dms.alerts.health import HealthMessage
from dms.alerts.messages import AlertMessage
from dms.driver.inputs import DriverInput
from dms.driver.monitor import DriverMonitor
from dms.driver.state import Alert, DriverState, Judgement
from dms.frames import Frame
from dms.observation import Observation
from dms.sink import DriveInfo, Sink, Step

log = logging.getLogger(__name__)

Observe = Callable[[Frame], Observation]
"""Sees a frame, as ``Perception.observe`` does."""
OnFailure = Callable[[Sink, Exception], None]
"""Takes what a sink raised."""

_GRACE_S = 0.25
"""What a sink that uses up all of its time has to return."""


class Road:
    """Leads moments through perception, driver room and messages to the sinks.

    Args:
        observe: Sees frames.
        monitor: Judges the driver.
        messages: Makes the messages of alerts.
        sinks: Receive each step, in this order: put first what warns the driver, last what touches a disk.
        on_failure: Takes what a sink raises; without it that is logged, the same problem of a sink once in a row.
        before_alerts: Called before the messages of what was judged are made.
    """

    def __init__(
        self,
        observe: Observe,
        monitor: DriverMonitor,
        messages: Encoder,
        sinks: Sequence[Sink],
        on_failure: OnFailure | None = None,
        before_alerts: Callable[[], None] | None = None,
    ) -> None:
        self._observe = observe
        self._monitor = monitor
        self._messages = messages
        self._sinks = tuple(sinks)
        self._on_failure = on_failure or self._log_failure
        self._before_alerts = before_alerts or (lambda: None)
        self._failures: dict[Sink, str] = {}
        self._info: DriveInfo | None = None
        self.state: DriverState | None = None
        """The driver as last judged; None before the first observation."""

    def start(self, drive: str) -> None:
        """Tell the sinks that a session begins.

        Args:
            drive: What is watched.
        """
        encoder = self._messages
        info = DriveInfo(drive, encoder.session, encoder.topics.vehicle_id, lambda: self._monitor.baseline)
        self._info = info
        self._tell(lambda sink: sink.start(info))

    def replace(self, old: Sink, new: Sink) -> None:
        """Tell another sink from now on, in the same place; whoever owns the old one stops it."""
        self._sinks = tuple(new if sink is old else sink for sink in self._sinks)
        info = self._info
        if info is not None:
            self._call(new, lambda sink: sink.start(info))

    def step(self, moment: Frame | Observation | DriverInput) -> Step:
        """Judge the next moment and pass it to the sinks.

        Args:
            moment: A frame to be seen, an observation that was made before, or an input.

        Raises:
            ValueError: A time or a speed is not a number.
        """
        frame = moment if isinstance(moment, Frame) else None
        event = self._observe(moment) if isinstance(moment, Frame) else moment
        if isinstance(event, Observation):
            judgement: Judgement | None = self._monitor.step(event)
        else:
            judgement = self._monitor.receive(event)
        if judgement is None:
            return self._give(event, frame, None, ())
        self.state = judgement.state
        return self._give(event, frame, judgement.state, judgement.alerts)

    def finish(self, reason: str) -> None:
        """End the alerts that are open, and pass that to the sinks.

        Args:
            reason: Why, for the evidence: for example ``end_of_drive`` or ``service_stop``.
        """
        alerts = self._monitor.finish(reason)
        if alerts:
            self._give(None, None, None, alerts)

    def tell(self, alert: Alert, message: AlertMessage) -> None:
        """Tell the sinks of a step of an alert that nobody judged: somebody tries it."""
        step = Step(None, None, None, (alert,), (message,))
        self._tell(lambda sink: sink.step(step))

    def health(self, report: HealthMessage) -> None:
        """Tell the sinks how the program is doing."""
        self._tell(lambda sink: sink.health(report))

    def stop(self, timeout_s: float) -> None:
        """Stop all sinks, side by side; one that hangs is left behind."""
        failures: list[tuple[Sink, Exception]] = []

        def stop(sink: Sink) -> None:
            try:
                sink.stop(timeout_s)
            except Exception as error:
                failures.append((sink, error))

        threads = [threading.Thread(target=partial(stop, sink), daemon=True) for sink in self._sinks]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + timeout_s + _GRACE_S
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        for sink, error in list(failures):
            self._on_failure(sink, error)

    def _give(
        self,
        event: Observation | DriverInput | None,
        frame: Frame | None,
        state: DriverState | None,
        alerts: tuple[Alert, ...],
    ) -> Step:
        if alerts:
            self._before_alerts()
        step = Step(event, frame, state, alerts, tuple(map(self._messages.alert, alerts)) if alerts else ())
        # as _tell does, without a call more for each sink: a replayed trace has thousands of steps a second
        for sink in self._sinks:
            try:
                sink.step(step)
            except Exception as error:
                self._on_failure(sink, error)
        return step

    def _tell(self, call: Callable[[Sink], None]) -> None:
        for sink in self._sinks:
            self._call(sink, call)

    def _call(self, sink: Sink, call: Callable[[Sink], None]) -> None:
        try:
            call(sink)
        except Exception as error:
            self._on_failure(sink, error)

    def _log_failure(self, sink: Sink, error: Exception) -> None:
        problem = f"{type(error).__name__}: {error}"
        if self._failures.get(sink) != problem:
            self._failures[sink] = problem
            log.error("%s failed: %s", type(sink).__name__, problem, exc_info=error)
