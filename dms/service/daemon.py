"""The daemon: walks the road live until it is told to stop.

Takes a configuration, publishes what the road gives. Order of start: models and a test inference, then READY, then
camera and broker, which may both be absent: a car boots offline.
"""

import logging
import queue
import signal
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from dms import __version__
from dms.alerts.clock import Clock
from dms.alerts.encoder import Encoder
from dms.alerts.inputs import DriverNamed, Input
from dms.alerts.messages import InfoMessage, ModelInfo
from dms.alerts.mqtt import Publisher
from dms.alerts.outbox import Outbox
from dms.alerts.topics import Topics
from dms.config import Config
from dms.driver.inputs import DriverChange, DriverInput
from dms.driver.monitor import DriverMonitor
from dms.driver.state import Alert, AlertKind, DriverState, Judgement, Phase
from dms.frames import Frame
from dms.frames.camera import open_source
from dms.frames.live import LiveCapture
from dms.observation import Observation, View
from dms.perception.perception import Perception
from dms.service.baselines import USUAL_DRIVER, BaselineStore
from dms.service.health import HealthReporter
from dms.service.lock import lock_folder
from dms.service.notify import SystemdNotifier

log = logging.getLogger(__name__)

_TURN_S = 0.25
"""Longest wait for a frame: the loop turns at least four times a second, so that a stop is quick."""
_FLUSH_S = 1.0
"""Time that a stop gives the broker to take what is left."""


class Daemon:
    """Camera in, alerts out. Runs once.

    Args:
        config: Everything.

    Raises:
        UserError: A model, the source, a login or a certificate cannot be used.
        WorldError: Another daemon uses the same state folder.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._stop = threading.Event()
        self._notifier = SystemdNotifier()
        self._clock = Clock(config.mqtt.trust_clock)
        # a source that is misspelt is told before the models take their time; the camera itself is opened later
        self._source = open_source(config.camera)
        self._perception = Perception(config.perception)
        self._perception.warm_up()
        self._capture = LiveCapture(self._source, config.camera.retry_s)
        self._lock = lock_folder(config.service.state_dir)
        self._hashes: dict[str, str] = {name: file.card["sha256"] for name, file in self._perception.models.items()}
        learned_from = f"{self._hashes['eyes']}-{self._hashes['emotion']}"
        self._baselines = BaselineStore(config.service.state_dir, learned_from)
        self._driver_id: str | None = USUAL_DRIVER
        self._monitor = DriverMonitor(config.driver, self._baselines.load(USUAL_DRIVER))
        self._inputs: queue.SimpleQueue[Input] = queue.SimpleQueue()
        self._outbox = Outbox(config.service.state_dir / "outbox.sqlite", config.mqtt.outbox_limit)
        topics = Topics(config.vehicle.id)
        sequences = {topic: self._outbox.last_sequence(topic) for topic in map(topics.alert, AlertKind)}
        self._encoder = Encoder(config.vehicle.id, uuid.uuid4().hex, self._clock.stamp, sequences)
        self._publisher = Publisher(config.mqtt, self._encoder, self._outbox, self._clock, self._inputs.put)
        self._health = HealthReporter(self._clock, config.service.health_interval_s, self._hashes)
        self._view = View.LOST
        self._inference_error: str | None = None
        self._learned = self._monitor.baseline.parts_learned
        self._seen_t = self._pinged_t = self._clock.now()
        self._told: DriverState | None = None

    def stop(self) -> None:
        """Ask the daemon to end; it does so within about two seconds. Safe from any thread or signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Walk the road until ``stop``, SIGTERM, SIGINT, or the end of a recording.

        Raises:
            UserError: The recording turned out to be broken.
        """
        with _stop_signals(self.stop):
            self._publisher.info(self._info())
            self._publisher.start()
            self._capture.start()
            self._notifier.ready(f"watching {self._source.name}")
            log.info("dms %s watches %s as vehicle %s", __version__, self._source.name, self._config.vehicle.id)
            # until a picture comes there is none: a camera that is absent from the start is told in time
            self._judge(Observation(self._clock.now(), View.LOST))
            try:
                while not self._stop.is_set() and not self._capture.ended:
                    self._turn()
            finally:
                self._end()
        if self._capture.failure is not None:
            raise self._capture.failure

    def _turn(self) -> None:
        """Once around: a frame or the lack of one, inputs, reports, a sign of life."""
        frame = self._capture.take(_TURN_S)
        now = self._clock.now()
        self._hear()
        if frame is not None:
            self._seen_t = now
            self._judge(self._see(frame))
        elif now - self._seen_t >= self._config.camera.stall_s:
            self._judge(Observation(now, View.LOST))
        if self._health.due():
            self._report()
            self._save_lessons()
        if self._notifier.watchdog_s is not None and now - self._pinged_t >= self._notifier.watchdog_s:
            self._pinged_t = now
            self._notifier.alive()

    def _see(self, frame: Frame) -> Observation:
        """See a frame; one that perception cannot cope with is unknown, and health tells why."""
        try:
            observation = self._perception.observe(frame)
        except Exception as error:
            # whatever a model or a picture does, the next frame may be fine, and the driver must hear of it if not
            problem = f"{type(error).__name__}: {error}"
            if problem != self._inference_error:
                log.exception("a frame of shape %s could not be seen", frame.image.shape)
            self._inference_error = problem
            return Observation(frame.t)
        self._inference_error = None
        return observation

    def _judge(self, observation: Observation) -> None:
        self._view = observation.view
        self._publish(self._monitor.step(observation))

    def _hear(self) -> None:
        """Take the inputs that have come in since the last turn."""
        while not self._inputs.empty():
            event = self._inputs.get()
            if isinstance(event, DriverNamed):
                self._change_driver(event)
            else:
                self._receive(event)

    def _change_driver(self, named: DriverNamed) -> None:
        """Judge somebody else from now on. A gateway that repeats the name changes nothing."""
        if named.driver_id is not None and named.driver_id == self._driver_id:
            return
        self._save_baseline()
        self._driver_id = named.driver_id
        known = None if named.driver_id is None else self._baselines.load(named.driver_id)
        self._receive(DriverChange(named.t, known))
        self._learned = self._monitor.baseline.parts_learned

    def _receive(self, event: DriverInput) -> None:
        heard = self._monitor.receive(event)
        if heard is not None:
            self._publish(heard)

    def _publish(self, judgement: Judgement) -> None:
        self._alert(judgement.alerts)
        state = judgement.state
        if self._worth_telling(state):
            self._told = state
            self._publisher.state(state)

    def _worth_telling(self, state: DriverState) -> bool:
        told = self._told
        if told is None or state.t - told.t >= self._config.service.state_interval_s or state.t < told.t:
            return True
        return (state.condition, state.degraded, state.fatigue, state.anger) != (
            told.condition,
            told.degraded,
            told.fatigue,
            told.anger,
        )

    def _alert(self, alerts: tuple[Alert, ...]) -> None:
        for alert in alerts:
            level = logging.INFO if alert.phase is Phase.END else logging.WARNING
            log.log(level, "%s alert %s: %s", alert.kind, alert.phase, alert.level)
            self._publisher.alert(alert)

    def _info(self) -> InfoMessage:
        stamp = self._clock.stamp(self._clock.now())
        return InfoMessage(
            at=stamp.at,
            clock=stamp.quality,
            version=__version__,
            session=self._encoder.session,
            models={name: ModelInfo(sha256=digest) for name, digest in self._hashes.items()},
            config=self._config.model_dump(mode="json"),
        )

    def _report(self) -> None:
        times = self._perception.take_times()
        report = self._health.report(
            self._view, self._capture.status, times, self._inference_error, self._publisher.status
        )
        self._publisher.health(report)

    def _save_lessons(self) -> None:
        """Save the baseline when a part of it has been learned: cars cut the power, and SD cards wear."""
        learned = self._monitor.baseline.parts_learned
        if learned > self._learned:
            self._save_baseline()
        self._learned = learned

    def _save_baseline(self) -> None:
        if self._driver_id is not None:
            self._baselines.save(self._driver_id, self._monitor.baseline)

    def _end(self) -> None:
        self._notifier.stopping()
        self._capture.stop()
        self._alert(self._monitor.finish("service_stop"))
        self._report()
        self._publisher.stop(_FLUSH_S)
        self._outbox.close()
        self._save_baseline()
        self._lock.close()
        log.info("stopped")


@contextmanager
def _stop_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Turn SIGTERM and SIGINT into a call; only the main thread may do so, elsewhere the owner calls ``stop``."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(_signal: int, _frame: FrameType | None) -> None:
        stop()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
