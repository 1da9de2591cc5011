"""Delivery by MQTT: alerts from the outbox, state, info and health, presence, inputs.

Takes values of the driver room and the service's reports from any thread, gives them to the broker from one thread
of its own, which alone touches the MQTT client. An alert is on disk before it is offered and leaves the disk on its
acknowledgement; of everything retained only the newest counts. A broker that is absent, refuses or vanishes is a
normal state: it is tried again at a slowing pace, for ever. Nothing here blocks or ends the daemon.

Every connection starts a new MQTT session and offers everything unacknowledged again, oldest first: the outbox, not
the client's memory, is what survives. What is sent and when, ``Delivery`` decides; the last will is ``offline``.
"""

import contextlib
import logging
import random
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import ValidationError

from dms.alerts.brief import brief
from dms.alerts.clock import Clock, boot_id
from dms.alerts.delivery import Delivery
from dms.alerts.discovery import birth_topic, discovery
from dms.alerts.encoder import Encoder
from dms.alerts.entry import EARLIER_BOOT, Entry
from dms.alerts.inputs import Input, InputError, InputReader
from dms.alerts.late import as_sent
from dms.alerts.link import Link, Will
from dms.alerts.messages import OFFLINE, ONLINE, AlertMessage, HealthMessage, InfoMessage
from dms.alerts.newest import Newest, Retained
from dms.alerts.outbox import Outbox
from dms.alerts.reasons import QOS_NOT_SUPPORTED, RETAIN_NOT_SUPPORTED, UNSUPPORTED_VERSION
from dms.alerts.version import Version, VersionChoice
from dms.config.alerts import MqttSettings
from dms.driver.state import Alert, DriverState
from dms.errors import UserError

log = logging.getLogger(__name__)

_TICK_S = 0.25
"""Longest wait of the delivery thread: keep-alive, stop and time limits are looked at this often."""
_STOOD_S = 5.0
"""A connection that lasted this long was a good one: the next retry is quick again."""
_CUT_SHORT_OFTEN = 4
"""So many connections in a row that were accepted and soon closed without a word have a reason."""
_LATENCIES = 256


@dataclass(frozen=True, slots=True)
class PublisherStatus:
    """How delivery is doing.

    Attributes:
        connected: Whether the broker has accepted this client and the connection stands.
        refused: Whether the broker refuses this client or one of its topics, rather than being out of reach.
        error: What it refuses, or why it is not connected; None when all is well.
        connects: Connections that the broker accepted, since the start.
        outbox: Alert messages that wait for an acknowledgement.
        outbox_error: Why alerts are kept in memory instead of on disk.
        dropped: Alert messages dropped from a full outbox, ever.
        damaged: Alert messages lost or put aside because their copy on disk was damaged, ever.
        damage: What was damaged, as found by this process.
        inputs_rejected: Input messages refused since the start.
        latency_s: Median seconds from capture to PUBACK of the latest messages; None before the first.
        latency_p99_s: 99th percentile of the same.
        protocol: The version of MQTT that the broker has accepted; None before.
    """

    connected: bool
    refused: bool
    error: str | None
    connects: int
    outbox: int
    outbox_error: str | None
    dropped: int
    damaged: int
    damage: str | None
    inputs_rejected: int
    latency_s: float | None
    latency_p99_s: float | None
    protocol: Version | None


class Publisher:
    """Delivers the messages of one vehicle.

    ``alert``, ``state``, ``info`` and ``health`` are called from one thread; ``status`` from any.

    Args:
        settings: The ``[mqtt]`` table.
        encoder: Makes messages of alerts and states; its sequences come from the same outbox.
        outbox: Keeps alerts; closed by whoever opened it.
        clock: The frames' clock and its UTC.
        on_input: Called from the delivery thread with each valid input.

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
    ) -> None:
        self._settings = settings
        self._encoder = encoder
        self._topics = encoder.topics
        self._outbox = outbox
        self._clock = clock
        self._boot = boot_id()
        self._on_input = on_input
        self._reader = InputReader(self._topics, settings.input_rate_hz, encoder.open_alert)
        self._client_id = settings.client_id or f"dms-{self._topics.vehicle_id}"
        # a wrong file name shall end the start, not the tenth reconnect
        Link(settings, self._client_id, self._topics.availability)

        self._lock = threading.Lock()
        self._newest = Newest()
        self._delivery = Delivery(
            self._topics,
            self._newest,
            outbox,
            self._payload,
            settings.inflight,
            settings.retry_max_s,
            settings.alert_expiry_s,
        )
        self._version = VersionChoice(settings.protocol)
        self._will = Will()
        self._health: HealthMessage | None = None
        self._connected = False
        self._refused = False
        self._error: str | None = None
        self._told: str | None = None
        self._connects = 0
        self._cut_short = 0
        self._rejected = 0
        self._latencies: deque[float] = deque(maxlen=_LATENCIES)
        self._accepted_at: float | None = None

        self._stopping = threading.Event()
        self._flush_until = self._stop_at = 0.0
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    def start(self) -> None:
        """Begin to deliver. Returns at once; an absent broker is tried for ever."""
        self._thread.start()

    def alert(self, alert: Alert, message: AlertMessage | None = None) -> None:
        """Take an alert: it is on disk when this returns, and sent as soon as the broker takes it.

        Waits for one sync of the disk, a few milliseconds; never for the broker.

        Args:
            alert: One step of an alert.
            message: The same as the encoder made it, where that was done before.
        """
        message = message or self._encoder.alert(alert)
        topic = self._encoder.topic(alert)
        payload = message.to_json()
        self._outbox.put(Entry(topic, alert.phase, message.sequence, payload, self._boot, alert.t, alert.started_t))
        self._wake()

    def end_left_open(self, tell: Callable[[AlertMessage], None] | None = None) -> None:
        """End what an earlier run of the daemon left open when it was killed. Call it before the first ``alert``.

        Args:
            tell: Called with each message.
        """
        for entry in self._outbox.open_alerts:
            now = self._clock.now()
            try:
                last = self._outbox.last_sequence(entry.topic)
                message = self._encoder.end_of(entry.payload, entry.topic, last, now)
            except ValidationError:
                log.error("mqtt: %s is open and no alert", entry)
                continue
            if tell is not None:
                tell(message)
            started_t = entry.started_t if entry.boot == self._boot else EARLIER_BOOT
            log.info("%s alert end: %s, left open by a daemon that was killed", message.kind, message.level)
            self._outbox.put(
                Entry(entry.topic, message.phase, message.sequence, message.to_json(), self._boot, now, started_t)
            )
        self._wake()

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
        return self._thread.is_alive()

    @property
    def status(self) -> PublisherStatus:
        """How delivery is doing."""
        with self._lock:
            latencies = sorted(self._latencies)
        denied = self._delivery.denied
        return PublisherStatus(
            connected=self._connected,
            refused=self._refused or denied is not None,
            error=denied or self._error or self._delivery.left_out,
            connects=self._connects,
            outbox=len(self._outbox),
            outbox_error=self._outbox.error,
            dropped=self._outbox.dropped,
            damaged=self._outbox.damaged,
            damage=self._outbox.damage,
            inputs_rejected=self._rejected,
            latency_s=latencies[len(latencies) // 2] if latencies else None,
            latency_p99_s=latencies[(len(latencies) * 99) // 100] if latencies else None,
            protocol=self._version.version if self._version.accepted else None,
        )

    def stop(self, timeout_s: float) -> None:
        """Send what can be sent in half of the time, say ``stopped`` and ``offline``, and disconnect.

        What is not acknowledged by then stays on disk for the next start. Without a connection this returns at once.
        """
        if not self._thread.is_alive():
            return
        now = time.monotonic()
        self._flush_until, self._stop_at = now + timeout_s / 2, now + timeout_s
        self._stopping.set()
        self._wake()
        self._thread.join(timeout_s)

    def _retain(self, message: Retained) -> None:
        self._newest.put(message)
        self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # it has been woken often enough
            self._wake_in.send(b"\0")

    def _run(self) -> None:
        pause_s = self._settings.retry_min_s
        while not self._stopping.is_set():
            self._accepted_at = None
            error = self._attempt()
            self._connected = False
            if self._stopping.is_set():
                return
            if error != self._error:
                log.warning("mqtt %s:%d: %s", self._settings.host, self._settings.broker_port, error)
            self._error = error
            # not from its beginning: an attempt that fails slowly is no good connection
            if self._accepted_at is not None and time.monotonic() - self._accepted_at > _STOOD_S:
                pause_s = self._settings.retry_min_s
            self._stopping.wait(pause_s * random.uniform(0.5, 1.0))
            pause_s = min(2 * pause_s, self._settings.retry_max_s)

    def _attempt(self) -> str:
        """Connect, deliver until the connection ends, and tell why it ended."""
        link: Link | None = None
        try:
            link = Link(self._settings, self._client_id, self._topics.availability, self._version.version, self._will)
            link.connect()
            self._deliver(link)
            error = link.closed or "stopped"
        except (OSError, UserError) as problem:
            error = str(problem)
        except Exception as problem:
            # what a broken or hostile broker sends makes the client library raise all sorts of things
            error = f"{type(problem).__name__}: {problem}"
            if error != self._error:
                log.exception("mqtt: connection given up")
        finally:
            if link is not None:
                link.close()
        return error if link is None else self._learn(link, error)

    def _learn(self, link: Link, error: str) -> str:
        """What the end of a connection teaches for the next one; gives the error in words."""
        now = time.monotonic()
        self._delivery.lost(now, by_broker=link.closed is not None and link.blames_message)
        self._refused = link.refused
        if link.accepted:
            if self._accepted_at is not None and now - self._accepted_at > _STOOD_S:
                self._cut_short = 0
            self._cut_short += 1
            if self._cut_short >= _CUT_SHORT_OFTEN and link.closed is not None and link.code is None:
                often = 1 << (self._cut_short.bit_length() - 1)  # a text that does not change each time is logged once
                return f"accepted, then closed {often} times: another client uses the id {self._client_id}?"
            return error
        if link.code == UNSUPPORTED_VERSION:
            self._version.refuse()
        elif link.code in (RETAIN_NOT_SUPPORTED, QOS_NOT_SUPPORTED):
            keeps = self._will.retain and link.code != RETAIN_NOT_SUPPORTED
            self._will = Will(0 if link.code == QOS_NOT_SUPPORTED else self._will.qos, keeps)
        elif link.opened and not link.refused:
            # closed, or never answered: amqtt does the one or the other to a version that it does not know
            self._version.end_silently()
        return error

    def _deliver(self, link: Link) -> None:
        opened = time.monotonic()
        while link.closed is None:
            link.step(self._wake_out, _TICK_S)
            self._drain()
            now = time.monotonic()
            if not link.accepted:
                if self._stopping.is_set():
                    return
                if now - opened > self._settings.acknowledge_s:
                    raise TimeoutError("the broker does not answer")
                continue
            if not self._connected:
                self._greet(link, now)
            self._settle(link, now)
            self._listen(link)
            self._keep_books()
            for publication in self._delivery.next(now, self._clock.now()):
                self._delivery.sent(publication, link.publish(publication), now)
                if self._settings.brief and publication.key is not None:
                    link.publish(brief(self._topics, publication))
            self._check_time(now)
            if self._stopping.is_set() and (self._delivery.idle or now >= self._flush_until):
                self._say_goodbye(link)
                return

    def _greet(self, link: Link, now: float) -> None:
        self._accepted_at = now
        self._connects += 1
        self._error = None
        self._refused = False
        self._version.accept()
        log.info("mqtt %s:%d: connected", self._settings.host, self._settings.broker_port)
        listened: tuple[str, ...] = self._topics.inputs
        if self._settings.home_assistant:
            listened = (*listened, birth_topic(self._settings.home_assistant_prefix))
        link.subscribe(listened)
        self._delivery.begin(link.limits, self._version.version == "5", now)
        if self._settings.home_assistant:
            self._discover()
        self._connected = True

    def _settle(self, link: Link, now: float) -> None:
        """Take the broker's acknowledgements."""
        delivered = []
        for answer in link.take_acknowledged():
            taken = self._delivery.acknowledged(answer.mid, answer.refusal, now)
            if taken is None:
                continue
            if taken.key is not None:
                delivered.append(taken.key)
            if taken.t is not None:
                with self._lock:
                    self._latencies.append(self._clock.now() - taken.t)
        if delivered:
            self._outbox.remove(delivered)
        told = self._delivery.denied or self._delivery.left_out
        if told is not None and told != self._told:
            log.warning("mqtt: %s", told)
        self._told = told

    def _listen(self, link: Link) -> None:
        for refusal in link.take_denied():
            log.warning("mqtt: the broker does not let this vehicle hear an input: %s", refusal)
        for message in link.take_received():
            if message.topic == birth_topic(self._settings.home_assistant_prefix):
                if message.payload == ONLINE.encode():
                    self._discover()
                continue
            try:
                value = self._reader.read(message.topic, message.payload, message.retained, self._clock.now())
                if self._on_input is not None:
                    self._on_input(value)
            except InputError as error:
                self._rejected += 1
                log.debug("mqtt input %s not taken: %s", message.topic, error)
            except Exception:
                log.exception("mqtt input %s", message.topic)

    def _discover(self) -> None:
        self._retain(Retained(*discovery(self._topics, self._settings.home_assistant_prefix)))

    def _keep_books(self) -> None:
        """What the outbox needs beside the alerts."""
        if self._clock.synchronised:
            self._outbox.remember_boot(self._boot, self._clock.offset)
        if self._outbox.error is not None:
            self._outbox.sync()

    def _payload(self, entry: Entry) -> str:
        return as_sent(entry, self._clock, self._boot, self._outbox.boot_offset(entry.boot))

    def _check_time(self, now: float) -> None:
        oldest = self._delivery.oldest()
        if oldest is not None and now - oldest > self._settings.acknowledge_s:
            raise TimeoutError("the broker does not acknowledge")

    def _say_goodbye(self, link: Link) -> None:
        words = [(self._topics.availability, OFFLINE)]
        if self._health is not None:
            last = self._health.stopped(self._clock.stamp(self._clock.now()).at)
            words.insert(0, (self._topics.health, last.to_json()))
        now = time.monotonic()
        mids = set()
        for publication in self._delivery.last_words(words):
            mid = link.publish(publication)
            self._delivery.sent(publication, mid, now)
            mids.add(mid)
        while self._delivery.is_flying(mids) and link.closed is None and time.monotonic() < self._stop_at:
            link.step(self._wake_out, _TICK_S)
            self._drain()
            self._settle(link, time.monotonic())
        # only now does the broker forget the last will
        link.disconnect()

    def _drain(self) -> None:
        """Take the bytes that woke this thread."""
        with contextlib.suppress(BlockingIOError):
            while self._wake_out.recv(4096):
                pass
