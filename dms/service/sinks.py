"""The daemon's own sinks: what goes to the broker, and what goes to the log.

Take the steps of a drive. Alerts are on disk before the log names them.
"""

import logging
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path

from dms.alerts.clock import Clock
from dms.alerts.delivery.outbox import Outbox
from dms.alerts.delivery.progress import PublisherStatus
from dms.alerts.delivery.publisher import Publisher
from dms.alerts.encoder import Encoder
from dms.alerts.health import HealthMessage
from dms.alerts.inputs import Input
from dms.alerts.messages import AlertMessage, InfoMessage
from dms.alerts.topics import Topics
from dms.config import Config
from dms.driver.state import AlertKind, DriverState, Phase
from dms.sink import Sink, Step

log = logging.getLogger(__name__)


_NEWS = attrgetter("condition", "degraded", "fatigue", "anger", "distraction")
"""Fields of the state whose change is published at once."""


class MqttSink(Sink):
    """Publishes alerts, states and reports.

    Args:
        config: The ``[mqtt]`` table and the vehicle's id.
        folder: Holds the outbox.
        session: Names this run.
        clock: The frames' clock and its UTC.
        on_input: Called from the delivery thread with each valid input.
        on_delivered: Called from there with each alert's payload that the broker has acknowledged.

    Raises:
        UserError: A login or certificate file is missing or not what it should be.
    """

    def __init__(
        self,
        config: Config,
        folder: Path,
        session: str,
        clock: Clock,
        on_input: Callable[[Input], None],
        on_delivered: Callable[[str], None] | None = None,
    ) -> None:
        self._outbox = Outbox(folder / "outbox.sqlite", config.mqtt.outbox_limit)
        topics = Topics(config.vehicle.id, config.mqtt.prefix)
        sequences = {topic: self._outbox.last_sequence(topic) for topic in map(topics.alert, AlertKind)}
        self.encoder = Encoder(config.vehicle.id, session, clock.stamp, sequences, config.mqtt.prefix)
        """Makes the messages; the numbers of alerts go on from those on disk."""
        self._publisher = Publisher(config.mqtt, self.encoder, self._outbox, clock, on_input, on_delivered)
        self.state_interval_s = config.service.state_interval_s
        """Longest time between two states, seconds."""
        self._published: DriverState | None = None
        self._started = False

    def end_left_open(self) -> list[AlertMessage]:
        """End what an earlier run left open when it was killed; returns the ends."""
        return self._publisher.end_left_open()

    def step(self, step: Step) -> None:
        """Publish the alerts, and the state where it is news; the first state begins the delivery."""
        for alert, message in zip(step.alerts, step.messages, strict=True):
            self._publisher.alert(alert, message)
        state = step.state
        if state is not None and self._is_news(state):
            self._published = state
            self._publisher.state(state)
        if state is not None and not self._started:
            # the state is known before the broker is: alerts follow ``online``, and that follows the state
            self._started = True
            self._publisher.start()

    def info(self, message: InfoMessage) -> None:
        """Publish what runs."""
        self._publisher.info(message)

    def health(self, report: HealthMessage) -> None:
        """Publish a report."""
        self._publisher.health(report)

    def stop(self, timeout_s: float) -> None:
        """Send what can be sent; the rest stays on disk."""
        self._publisher.stop(timeout_s)
        self._outbox.close()

    @property
    def running(self) -> bool:
        """Whether the delivery thread lives; only a defect ends it before ``stop``."""
        return self._publisher.running

    @property
    def status(self) -> PublisherStatus:
        """How delivery is doing."""
        return self._publisher.status

    def _is_news(self, state: DriverState) -> bool:
        last = self._published
        if last is None or state.t - last.t >= self.state_interval_s or state.t < last.t:
            return True
        return bool(_NEWS(state) != _NEWS(last))


class AlertLog(Sink):
    """Logs each step of each alert.

    Each level counts for itself against the limit on repeats, so that an update never hides a start.
    """

    def step(self, step: Step) -> None:
        """Log the alerts."""
        for alert, message in zip(step.alerts, step.messages, strict=True):
            level = logging.INFO if alert.phase is Phase.END or message.test else logging.WARNING
            log.log(level, f"{alert.kind} alert {alert.phase}: {alert.level}{' (a test)' if message.test else ''}")
