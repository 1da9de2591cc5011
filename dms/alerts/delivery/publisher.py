"""Delivery by MQTT: alerts from the outbox, state, info and health, presence, inputs.

Takes values of the driver room and the service's reports from any thread, gives them to the broker from one thread
of its own. An alert is on disk before it is offered and leaves the disk on its acknowledgement; of everything retained
only the newest counts. Nothing here blocks or ends the daemon.
"""

import logging
from collections.abc import Callable

from pydantic import ValidationError

from dms.alerts.clock import Clock, boot_id
from dms.alerts.delivery.courier import Courier
from dms.alerts.delivery.entry import EARLIER_BOOT, Entry
from dms.alerts.delivery.inbox import Inbox
from dms.alerts.delivery.outbox import Outbox
from dms.alerts.delivery.progress import Progress, PublisherStatus
from dms.alerts.delivery.retained import Retained, RetainedMessages
from dms.alerts.delivery.thread import DeliveryThread
from dms.alerts.encoder import Encoder
from dms.alerts.health import HealthMessage
from dms.alerts.inputs import Input, InputReader
from dms.alerts.messages import OFFLINE, AlertMessage, InfoMessage
from dms.config.alerts import MqttSettings
from dms.driver.state import Alert, DriverState

log = logging.getLogger(__name__)


class Publisher:
    """Delivers the messages of one vehicle.

    ``alert``, ``state``, ``info`` and ``health`` are called from one thread; ``status`` from any.

    Args:
        settings: The ``[mqtt]`` table.
        encoder: Makes messages of alerts and states; its sequences come from the same outbox.
        outbox: Keeps alerts; closed by whoever opened it.
        clock: The frames' clock and its UTC.
        on_input: Called from the delivery thread with each valid input.
        on_delivered: Called from there with each alert's payload that the broker has acknowledged.

    Raises:
        UserError: A login or certificate file is missing or not what it should be.
    """

    def __init__(
        self,
        settings: MqttSettings,
        encoder: Encoder,
        outbox: Outbox,
        clock: Clock,
        on_input: Callable[[Input], None] | None = None,
        on_delivered: Callable[[str], None] | None = None,
    ) -> None:
        self._encoder = encoder
        self._topics = encoder.topics
        self._outbox = outbox
        self._clock = clock
        self._boot = boot_id()
        self._health: HealthMessage | None = None
        self._retained = RetainedMessages()
        self._progress = Progress(on_delivered)
        reader = InputReader(self._topics, settings.input_rate_hz, encoder.open_alert)
        self._inbox = Inbox(settings, self._topics, reader, on_input)
        self._courier = Courier(
            settings, self._topics, self._retained, outbox, self._inbox, clock, self._boot, self._progress
        )
        client_id = settings.client_id or f"dms-{self._topics.vehicle_id}"
        self._thread = DeliveryThread(
            settings, client_id, self._topics.availability, self._courier, self._progress, self._last_words
        )

    def start(self) -> None:
        """Begin to deliver. Returns at once; an absent broker is tried again and again."""
        self._thread.start()

    def alert(self, alert: Alert, message: AlertMessage | None = None) -> None:
        """Take an alert: it is on disk when this returns, and sent as soon as the broker takes it.

        Waits for one sync of the disk, a few milliseconds; never for the broker.

        Args:
            alert: One step of an alert.
            message: The same as the encoder made it, where that was done before.
        """
        message = message or self._encoder.alert(alert)
        self._put(self._encoder.topic(alert), message, alert.t, alert.started_t)
        self._thread.wake()

    def end_left_open(self) -> list[AlertMessage]:
        """End what an earlier run of the daemon left open when it was killed. Call it before the first ``alert``.

        Returns:
            The ends, as they are sent.
        """
        ends = []
        for entry in self._outbox.open_alerts:
            now = self._clock.now()
            try:
                last = self._outbox.last_sequence(entry.topic)
                message = self._encoder.end_of(entry.payload, entry.topic, last, now)
            except ValidationError:
                log.error("mqtt: %s is open and no alert", entry)
                continue
            log.info("%s alert end: %s, left open by a daemon that was killed", message.kind, message.level)
            self._put(entry.topic, message, now, entry.started_t if entry.boot == self._boot else EARLIER_BOOT)
            ends.append(message)
        self._thread.wake()
        return ends

    def state(self, state: DriverState) -> None:
        """Publish the driver's state; a newer one replaces it while it waits."""
        self._retain(Retained(self._topics.state, self._encoder.state(state).to_json(), state.t))

    def info(self, info: InfoMessage) -> None:
        """Publish what runs."""
        self._retain(Retained(self._topics.info, info.to_json()))

    def health(self, health: HealthMessage) -> None:
        """Publish how the parts are doing; the last report is repeated as ``stopped`` at the end."""
        self._health = health
        self._retain(Retained(self._topics.health, health.to_json()))

    @property
    def running(self) -> bool:
        """Whether the delivery thread lives; only a defect ends it before ``stop``."""
        return self._thread.is_alive

    @property
    def status(self) -> PublisherStatus:
        """How delivery is doing."""
        progress, delivery = self._progress, self._courier.delivery
        denied, kept = delivery.denials.words, self._outbox.status
        latency_s, latency_p99_s = progress.latencies()
        return PublisherStatus(
            connected=progress.connected,
            refused=progress.refused or denied is not None,
            error=denied or progress.error or delivery.left_out,
            connects=progress.connects,
            outbox=len(self._outbox),
            outbox_error=kept.error,
            dropped=kept.dropped,
            damaged=kept.damaged,
            damage=kept.damage,
            inputs_rejected=self._inbox.rejected,
            latency_s=latency_s,
            latency_p99_s=latency_p99_s,
            protocol=progress.protocol,
        )

    def stop(self, timeout_s: float) -> None:
        """Send what can be sent in half of the time, say ``stopped`` and ``offline``, and disconnect.

        What is not acknowledged by then stays on disk for the next start. Without a connection this returns at once.
        """
        self._thread.stop(timeout_s)

    def _put(self, topic: str, message: AlertMessage, t: float, started_t: float) -> None:
        self._outbox.put(Entry(topic, message.phase, message.sequence, message.to_json(), self._boot, t, started_t))

    def _retain(self, message: Retained) -> None:
        self._retained.put(message)
        self._thread.wake()

    def _last_words(self) -> list[tuple[str, str]]:
        words = [(self._topics.availability, OFFLINE)]
        if self._health is not None:
            last = self._health.stopped(self._clock.stamp(self._clock.now()).at)
            words.insert(0, (self._topics.health, last.to_json()))
        return words
