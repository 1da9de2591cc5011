"""What is done with a connection that the broker has accepted: messages go out, acknowledgements and inputs come in.

Takes a connection, from the broker's acceptance to the goodbye, and carries between it and the outbox. Outlives it:
what was not acknowledged goes out by the next one. Only the delivery thread touches it.
"""

import logging
from collections.abc import Callable

from dms.alerts.brief import brief
from dms.alerts.clock import Clock
from dms.alerts.delivery.connection import Connection
from dms.alerts.delivery.entry import Entry
from dms.alerts.delivery.inbox import Inbox
from dms.alerts.delivery.lateness import as_sent
from dms.alerts.delivery.outbox import Outbox
from dms.alerts.delivery.policy import Delivery
from dms.alerts.delivery.progress import Progress
from dms.alerts.delivery.retained import Retained, RetainedMessages
from dms.alerts.discovery import discovery
from dms.alerts.topics import Topics
from dms.config.alerts import MqttSettings

log = logging.getLogger(__name__)


class Courier:
    """Carries messages.

    Args:
        settings: The ``[mqtt]`` table.
        topics: The vehicle's topics.
        retained: What is retained.
        outbox: The alerts.
        inbox: Takes what comes in.
        clock: The frames' clock and its UTC.
        boot: This boot of the machine.
        progress: Where it is noted how delivery is doing.

    Attributes:
        delivery: Decides what is sent.
    """

    def __init__(
        self,
        settings: MqttSettings,
        topics: Topics,
        retained: RetainedMessages,
        outbox: Outbox,
        inbox: Inbox,
        clock: Clock,
        boot: str,
        progress: Progress,
    ) -> None:
        self.delivery = Delivery(
            topics,
            retained,
            outbox,
            self._payload,
            settings.inflight,
            settings.retry_max_s,
            settings.alert_expiry_s,
        )
        self._settings = settings
        self._topics = topics
        self._retained = retained
        self._outbox = outbox
        self._inbox = inbox
        self._clock = clock
        self._boot = boot
        self._progress = progress
        self._told: str | None = None

    def greet(self, connection: Connection, now: float) -> None:
        """The broker has accepted the connection: listen, and begin to send."""
        connection.subscribe(self._inbox.topics)
        self.delivery.begin(connection.limits, connection.version == "5", now)
        if self._settings.home_assistant:
            self._announce()

    def work(self, connection: Connection, now: float) -> None:
        """Take what has come, send what goes now.

        Raises:
            TimeoutError: The broker does not acknowledge.
        """
        self._settle(connection, now)
        self._listen(connection)
        if self._clock.synchronised:
            self._outbox.remember_boot(self._boot, self._clock.offset)
        if self._outbox.status.error is not None:
            self._outbox.sync()
        for publication in self.delivery.next(now, self._clock.now()):
            self.delivery.sent(publication, connection.publish(publication), now)
            if self._settings.brief and publication.key is not None:
                connection.publish(brief(self._topics, publication))
        first = None if self.delivery.window is None else self.delivery.window.first
        if first is not None and now - first[1] > self._settings.acknowledge_s:
            raise TimeoutError("the broker does not acknowledge")

    @property
    def is_idle(self) -> bool:
        """Whether nothing is on its way."""
        return not self.delivery.window

    def say_goodbye(
        self, connection: Connection, words: list[tuple[str, str]], now: float, step: Callable[[], float | None]
    ) -> None:
        """Say the last words, wait for the broker's answers to them, and disconnect.

        Args:
            connection: Where.
            words: Topics and payloads, retained.
            now: Monotonic seconds.
            step: Moves bytes; returns the time, monotonic seconds, or None when there is no more of it.
        """
        mids = set()
        for publication in self.delivery.last_words(words):
            mid = connection.publish(publication)
            self.delivery.sent(publication, mid, now)
            mids.add(mid)
        window = self.delivery.window
        while window is not None and window.is_flying(mids) and connection.closed is None:
            later = step()
            if later is None:
                break
            self._settle(connection, later)
        # only now does the broker forget the last will
        connection.disconnect()

    def _settle(self, connection: Connection, now: float) -> None:
        """Take the broker's acknowledgements."""
        delivered = []
        for answer in connection.take_acknowledged():
            taken = self.delivery.acknowledged(answer.mid, answer.refusal, now)
            if taken is None:
                continue
            if taken.key is not None:
                delivered.append(taken.key)
                self._progress.delivered(taken.payload)
            if taken.t is not None:
                self._progress.add_latency(self._clock.now() - taken.t)
        if delivered:
            self._outbox.remove(delivered)
        told = self.delivery.denials.words or self.delivery.left_out
        if told is not None and told != self._told:
            log.warning("mqtt: %s", told)
        self._told = told

    def _listen(self, connection: Connection) -> None:
        for refusal in connection.take_denied():
            log.warning("mqtt: the broker does not let this vehicle hear an input: %s", refusal)
        for message in connection.take_received():
            if self._inbox.take(message, self._clock.now()):
                self._announce()

    def _announce(self) -> None:
        self._retained.put(Retained(*discovery(self._topics, self._settings.home_assistant_prefix)))

    def _payload(self, entry: Entry) -> str:
        return as_sent(entry, self._clock, self._boot, self._outbox.boot_offset(entry.boot))
