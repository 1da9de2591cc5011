"""Delivery by MQTT: alerts from the outbox, state, info and health, presence, inputs.

Takes values of the driver room and the service's reports from any thread, gives them to the broker from one thread
of its own, which alone touches the MQTT client. An alert is on disk before it is offered and leaves the disk on its
acknowledgement; of everything retained only the newest counts. A broker that is absent, refuses or vanishes is a
normal state: it is tried again at a slowing pace, for ever. Nothing here blocks or ends the daemon.

Every connection starts a new MQTT session and offers everything unacknowledged again, oldest first: the outbox, not
the client's memory, is what survives. Order within a connection at the start: info, health and state, and when the
state is acknowledged ``online``; the last will is ``offline``.
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

from dms.alerts.clock import Clock, boot_id
from dms.alerts.discovery import birth_topic, discovery
from dms.alerts.encoder import Encoder
from dms.alerts.entry import Entry
from dms.alerts.inputs import Input, InputError, InputReader
from dms.alerts.late import as_sent
from dms.alerts.link import Link
from dms.alerts.messages import OFFLINE, ONLINE, AlertMessage, HealthMessage, InfoMessage
from dms.alerts.newest import Newest, Retained
from dms.alerts.outbox import Outbox
from dms.config.alerts import MqttSettings
from dms.driver.state import Alert, DriverState
from dms.errors import UserError

log = logging.getLogger(__name__)

_TICK_S = 0.25
"""Longest wait of the delivery thread: keep-alive, stop and time limits are looked at this often."""
_STOOD_S = 5.0
"""A connection that lasted this long was a good one: the next retry is quick again."""
_RESERVED = 4
"""Part of the broker's window that alerts leave to availability, info, health and state."""
_LATENCIES = 256
_FRESH_S = 1.0
"""A message older than this when sent was waiting for the broker: it says nothing about the way itself."""


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


@dataclass(frozen=True, slots=True)
class _InFlight:
    """A message that the broker has not acknowledged.

    Attributes:
        topic: Where it went.
        key: Its key in the outbox; None for a retained message.
        sent: When it was sent, monotonic seconds.
        t: The frame's time when it was fresh, None otherwise.
    """

    topic: str
    key: int | None
    sent: float
    t: float | None


@dataclass(frozen=True, slots=True)
class _Denial:
    """A topic that the broker does not let this vehicle write.

    Attributes:
        error: What the status says of it.
        until: When it is tried again, monotonic seconds.
    """

    error: str
    until: float


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
        self._health: HealthMessage | None = None
        self._connected = False
        self._refused = False
        self._error: str | None = None
        self._denied: dict[str, _Denial] = {}
        self._connects = 0
        self._rejected = 0
        self._latencies: deque[float] = deque(maxlen=_LATENCIES)

        self._in_flight: dict[int, _InFlight] = {}
        self._announced = False
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

    def alert(self, alert: Alert, tell: Callable[[AlertMessage], None] | None = None) -> None:
        """Take an alert: it is on disk when this returns, and sent as soon as the broker takes it.

        Waits for one sync of the disk, a few milliseconds; never for the broker.

        Args:
            alert: One step of an alert.
            tell: Called with its message before the disk is touched: what warns the driver must not wait for a card.
        """
        message = self._encoder.alert(alert)
        if tell is not None:
            tell(message)
        topic = self._encoder.topic(alert)
        payload = message.to_json()
        self._outbox.put(Entry(topic, alert.phase, message.sequence, payload, self._boot, alert.t, alert.started_t))
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
            denied = next(iter(self._denied.values()), None)
        return PublisherStatus(
            connected=self._connected,
            refused=self._refused or denied is not None,
            error=denied.error if denied is not None else self._error,
            connects=self._connects,
            outbox=len(self._outbox),
            outbox_error=self._outbox.error,
            dropped=self._outbox.dropped,
            damaged=self._outbox.damaged,
            damage=self._outbox.damage,
            inputs_rejected=self._rejected,
            latency_s=latencies[len(latencies) // 2] if latencies else None,
            latency_p99_s=latencies[(len(latencies) * 99) // 100] if latencies else None,
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
        try:
            link = Link(self._settings, self._client_id, self._topics.availability)
            try:
                link.connect()
                self._deliver(link)
            finally:
                self._refused = link.refused
                link.close()
            return link.closed or "stopped"
        except (OSError, UserError) as error:
            return str(error)
        except Exception as error:
            # what a broken or hostile broker sends makes the client library raise all sorts of things
            text = f"{type(error).__name__}: {error}"
            if text != self._error:
                log.exception("mqtt: connection given up")
            return text

    def _deliver(self, link: Link) -> None:
        self._in_flight.clear()
        self._announced = False
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
                self._greet(link)
            self._settle(link)
            self._listen(link)
            self._offer(link)
            self._check_time(now)
            if self._stopping.is_set() and (not self._in_flight or now >= self._flush_until):
                self._say_goodbye(link)
                return

    def _greet(self, link: Link) -> None:
        self._connected = True
        self._accepted_at = time.monotonic()
        self._connects += 1
        self._error = None
        self._refused = False
        log.info("mqtt %s:%d: connected", self._settings.host, self._settings.broker_port)
        listened: tuple[str, ...] = self._topics.inputs
        if self._settings.home_assistant:
            listened = (*listened, birth_topic(self._settings.home_assistant_prefix))
        link.subscribe(listened)
        # the broker may have lost its memory
        self._newest.send_again((self._topics.info, self._topics.health, self._topics.state))
        if self._settings.home_assistant:
            self._discover()

    def _settle(self, link: Link) -> None:
        """Take the broker's acknowledgements."""
        delivered = []
        for answer in link.take_acknowledged():
            sent = self._in_flight.pop(answer.mid, None)
            if sent is None:
                continue
            if answer.refusal is not None:
                self._refuse(sent, answer.refusal)
                continue
            if sent.key is not None:
                delivered.append(sent.key)
            with self._lock:
                self._denied.pop(sent.topic, None)
                if sent.t is not None:
                    self._latencies.append(self._clock.now() - sent.t)
            if sent.topic == self._topics.state:
                self._announce(link)
        if delivered:
            self._outbox.remove(delivered)

    def _announce(self, link: Link) -> None:
        """Say ``online``, once."""
        if not self._announced and self._topics.availability not in self._held():
            self._announced = True
            self._send(link, self._topics.availability, ONLINE, retain=True)

    def _refuse(self, sent: _InFlight, reason: str) -> None:
        """Leave the topic alone for a while; permissions may be mended, so what was refused is offered again then."""
        if sent.topic not in self._denied:
            log.warning("mqtt: %s refused: %s", sent.topic, reason)
        # Mosquitto 2.0.11 with an unlimited queue even ends the connection: the pause must outlive it
        until = time.monotonic() + self._settings.retry_max_s
        with self._lock:
            self._denied[sent.topic] = _Denial(f"{sent.topic} refused: {reason}", until)
        if sent.topic == self._topics.availability and not self._stopping.is_set():
            self._announced = False  # a later state brings ``online`` again
        elif sent.key is None:
            self._newest.put_back(sent.topic)

    def _held(self) -> set[str]:
        """Topics on which nothing is sent now: refused lately, or tried again with one message, which is on its way."""
        now = time.monotonic()
        busy = {sent.topic for sent in self._in_flight.values()}
        return {topic for topic, denial in self._denied.items() if now < denial.until or topic in busy}

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

    def _offer(self, link: Link) -> None:
        """Send what waits, as far as the window allows: presence before a backlog, after that alerts before states."""
        if self._clock.synchronised:
            self._outbox.remember_boot(self._boot, self._clock.offset)
        if self._outbox.error is not None:
            self._outbox.sync()
        held = self._held()
        if self._announced:
            self._offer_alerts(link, held)
        busy = held | {sent.topic for sent in self._in_flight.values() if sent.key is None}
        for newest in self._newest.take(busy, link.window - len(self._in_flight)):
            self._send(link, newest.topic, newest.payload, retain=True, t=newest.t)
        if not self._announced:
            self._offer_alerts(link, held)

    def _offer_alerts(self, link: Link, held: set[str]) -> None:
        window = min(self._settings.inflight, max(1, link.window - _RESERVED))
        room = window - len(self._in_flight)
        if room <= 0:
            return
        taken = {sent.key for sent in self._in_flight.values() if sent.key is not None}
        for key, entry in self._outbox.waiting(room, taken, held):
            if entry.topic in held:
                continue
            if entry.topic in self._denied:
                held.add(entry.topic)
            t = entry.t if entry.boot == self._boot else None
            try:
                payload = as_sent(entry, self._clock, self._boot, self._outbox.boot_offset(entry.boot))
                self._send(link, entry.topic, payload, retain=False, key=key, t=t)
            except (ValueError, KeyError, TypeError, OverflowError) as error:
                # this message can never be sent: it costs neither the connection nor the others
                self._outbox.put_aside(key, f"{type(error).__name__}: {error}")

    def _send(
        self, link: Link, topic: str, payload: str, retain: bool, key: int | None = None, t: float | None = None
    ) -> int:
        fresh = t is not None and self._clock.now() - t < _FRESH_S
        expiry_s = None if retain else self._settings.alert_expiry_s
        mid = link.publish(topic, payload, retain, expiry_s)
        self._in_flight[mid] = _InFlight(topic, key, time.monotonic(), t if fresh else None)
        return mid

    def _check_time(self, now: float) -> None:
        oldest = min((sent.sent for sent in self._in_flight.values()), default=now)
        if now - oldest > self._settings.acknowledge_s:
            raise TimeoutError("the broker does not acknowledge")

    def _say_goodbye(self, link: Link) -> None:
        self._announced = True  # no ``online`` any more
        if self._health is not None:
            last = self._health.stopped(self._clock.stamp(self._clock.now()).at)
            self._send(link, self._topics.health, last.to_json(), retain=True)
        offline = self._send(link, self._topics.availability, OFFLINE, retain=True)
        while offline in self._in_flight and link.closed is None and time.monotonic() < self._stop_at:
            link.step(self._wake_out, _TICK_S)
            self._drain()
            self._settle(link)
        # only now does the broker forget the last will
        link.disconnect()

    def _drain(self) -> None:
        """Take the bytes that woke this thread."""
        with contextlib.suppress(BlockingIOError):
            while self._wake_out.recv(4096):
                pass
