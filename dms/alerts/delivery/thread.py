"""The thread that delivers: one connection after another, until it is stopped.

Takes a courier, gives it connections. A broker that is absent, refuses or vanishes is a normal state: it is tried
again at a slowing pace. Every connection starts a new MQTT session and offers everything unacknowledged again, oldest
first: the outbox, not the client's memory, is what survives. The only thread that touches the MQTT client.
"""

import logging
import threading
import time
from collections.abc import Callable

from dms.alerts.delivery.connection import Connection
from dms.alerts.delivery.courier import Courier
from dms.alerts.delivery.lessons import Lessons
from dms.alerts.delivery.progress import Progress
from dms.alerts.delivery.waker import Waker
from dms.config.alerts import MqttSettings
from dms.errors import UserError

log = logging.getLogger(__name__)

_TICK_S = 0.25
"""Longest wait: keep-alive, stop and time limits are looked at this often."""


class DeliveryThread:
    """Connects, and connects again.

    Args:
        settings: The ``[mqtt]`` table.
        client_id: The vehicle's.
        availability: The topic of the last will.
        courier: What is done with a connection.
        progress: Where it is noted how delivery is doing.
        last_words: Returns what a stop says, topics and payloads.

    Raises:
        UserError: A login or certificate file is missing or not what it should be.
    """

    def __init__(
        self,
        settings: MqttSettings,
        client_id: str,
        availability: str,
        courier: Courier,
        progress: Progress,
        last_words: Callable[[], list[tuple[str, str]]],
    ) -> None:
        # a wrong file name must end the start, not the tenth reconnect
        Connection(settings, client_id, availability)
        self._settings = settings
        self._client_id = client_id
        self._availability = availability
        self._courier = courier
        self._progress = progress
        self._last_words = last_words
        self._lessons = Lessons(settings, client_id)
        self._waker = Waker()
        self._stopping = threading.Event()
        self._flush_until = self._stop_at = 0.0
        self._accepted_at: float | None = None
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether it runs; only a defect ends it before ``stop``."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to deliver. Returns at once."""
        self._thread.start()

    def wake(self) -> None:
        """There is something to send. From any thread."""
        self._waker.wake()

    def stop(self, timeout_s: float) -> None:
        """Send what can be sent in half of the time, say the last words, and disconnect."""
        if not self._thread.is_alive():
            return
        now = time.monotonic()
        self._flush_until, self._stop_at = now + timeout_s / 2, now + timeout_s
        self._stopping.set()
        self.wake()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        self._waker.open()
        try:
            while not self._stopping.is_set():
                error = self._attempt()
                self._progress.connected = False
                if self._stopping.is_set():
                    return
                if error != self._progress.error:
                    log.warning("mqtt %s:%d: %s", self._settings.host, self._settings.broker_port, error)
                self._progress.error = error
                self._stopping.wait(self._lessons.pause())
        finally:
            self._waker.close()

    def _attempt(self) -> str:
        """Connect, deliver until the connection ends, and return why it ended."""
        self._accepted_at = None
        connection: Connection | None = None
        try:
            version, will = self._lessons.version.version, self._lessons.will
            connection = Connection(self._settings, self._client_id, self._availability, version, will)
            connection.connect()
            self._deliver(connection)
            error = connection.closed or "stopped"
        except (OSError, UserError) as problem:
            error = str(problem)
        except Exception as problem:
            # what a broken or hostile broker sends makes the client library raise all sorts of things
            error = f"{type(problem).__name__}: {problem}"
            if error != self._progress.error:
                log.exception("mqtt: connection given up")
        finally:
            if connection is not None:
                connection.close()
        return error if connection is None else self._end(connection, error)

    def _end(self, connection: Connection, error: str) -> str:
        now = time.monotonic()
        self._courier.delivery.lost(now, by_broker=connection.closed is not None and connection.blames_message)
        self._progress.refused = connection.refused
        return self._lessons.learn(connection, error, None if self._accepted_at is None else now - self._accepted_at)

    def _deliver(self, connection: Connection) -> None:
        opened = time.monotonic()
        while connection.closed is None:
            now = self._step(connection)
            if connection.accepted:
                if self._accepted_at is None:
                    self._accept(connection, now)
                self._courier.work(connection, now)
                if self._stopping.is_set() and (self._courier.is_idle or now >= self._flush_until):
                    self._courier.say_goodbye(connection, self._last_words(), now, lambda: self._time_left(connection))
                    return
            elif self._stopping.is_set():
                return
            elif now - opened > self._settings.acknowledge_s:
                raise TimeoutError("the broker does not answer")

    def _step(self, connection: Connection) -> float:
        connection.step(self._waker.socket, _TICK_S)
        self._waker.drain()
        return time.monotonic()

    def _time_left(self, connection: Connection) -> float | None:
        now = self._step(connection)
        return now if now < self._stop_at else None

    def _accept(self, connection: Connection, now: float) -> None:
        self._accepted_at = now
        self._lessons.version.accept()
        self._progress.accept(connection.version)
        log.info("mqtt %s:%d: connected", self._settings.host, self._settings.broker_port)
        self._courier.greet(connection, now)
        self._progress.connected = True
