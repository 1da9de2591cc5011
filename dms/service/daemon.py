"""The daemon: walks the road live until it is told to stop.

Takes a configuration, publishes what the road gives. Order of start: configuration, source, models (verified and run
once), hook, state folder, READY, then camera and broker, which may both be absent: a car boots offline.
"""

import logging
import os
import queue
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import FrameType

from dms import __version__
from dms.actions.actions import Actions
from dms.alerts.clock import Clock
from dms.alerts.encoder import Encoder
from dms.alerts.inputs import Input
from dms.alerts.messages import AlertMessage, InfoMessage, ModelInfo
from dms.alerts.mqtt import Publisher
from dms.alerts.outbox import Outbox
from dms.alerts.topics import Topics
from dms.config import Config
from dms.driver.state import Alert, AlertKind, Degraded, DriverState, Judgement, Phase
from dms.errors import UserError
from dms.frames.camera import open_source
from dms.frames.live import LiveCapture
from dms.observation import Observation, View
from dms.records.records import Records
from dms.service.baselines import USUAL_DRIVER, BaselineStore
from dms.service.folder import state_folder
from dms.service.health import HealthReporter
from dms.service.lock import lock_folder
from dms.service.log import set_log_level
from dms.service.models import Models, load_models
from dms.service.notify import SystemdNotifier
from dms.service.obd import SpeedReader
from dms.service.reload import plan_reload
from dms.service.session import DriverSession

log = logging.getLogger(__name__)

_TURN_S = 0.25
"""Longest wait for a frame: the loop turns at least four times a second, so that a stop is quick."""
_FLUSH_S = 1.0
"""Time that a stop gives the broker to take what is left."""
_FINISH_S = 0.5
"""Time that a stop or a reload gives actions and records to finish what they have begun."""


class Daemon:
    """Camera in, alerts out. Runs once.

    Args:
        config: Everything.
        load: Reads the configuration anew for a reload; the same one without.

    Raises:
        UserError: A model, the source, a login, a certificate, the hook or an extra cannot be used.
        WorldError: Another daemon uses the same state folder.
    """

    def __init__(self, config: Config, load: Callable[[], Config] | None = None) -> None:
        self._config = config
        self._load = load or (lambda: config)
        self._stop = threading.Event()
        self._reload_asked = threading.Event()
        self._notifier = SystemdNotifier()
        self._clock = Clock(config.mqtt.trust_clock)
        # a source that is misspelt is told before the models take their time; the camera itself is opened later
        self._source = open_source(config.camera)
        self._models = Models(config.perception)
        self._capture = LiveCapture(self._source, config.camera.retry_s, config.camera.stall_s)
        self._actions = Actions(config.actions, config.vehicle.id)
        self._inputs: queue.SimpleQueue[Input] = queue.SimpleQueue()
        self._obd = None if config.obd.port is None else SpeedReader(config.obd, self._inputs.put, self._clock.now)
        self._folder = state_folder(config, self._source)
        self._lock = lock_folder(self._folder)
        self._records = Records(config.records, config.service.state_dir)
        self._outbox = Outbox(self._folder / "outbox.sqlite", config.mqtt.outbox_limit)
        topics = Topics(config.vehicle.id, config.mqtt.prefix)
        sequences = {topic: self._outbox.last_sequence(topic) for topic in map(topics.alert, AlertKind)}
        self._encoder = Encoder(config.vehicle.id, uuid.uuid4().hex, self._clock.stamp, sequences, config.mqtt.prefix)
        self._publisher = Publisher(config.mqtt, self._encoder, self._outbox, self._clock, self._inputs.put)
        self._session = self._new_session(USUAL_DRIVER)
        self._health = HealthReporter(self._clock)
        self._seen_t = self._pinged_t = self._clock.now()
        self._told: DriverState | None = None

    def stop(self) -> None:
        """Ask the daemon to end; it does so within two seconds. Safe from any thread or signal handler."""
        self._stop.set()

    def reload(self) -> None:
        """Ask the daemon to read its configuration and models anew. Safe from any thread or signal handler."""
        self._reload_asked.set()

    def run(self) -> None:
        """Walk the road until ``stop``, SIGTERM, SIGINT, or the end of a recording.

        SIGHUP reloads, but where a person started it: there it says that the terminal is gone, and ends the daemon.

        Raises:
            UserError: The recording turned out to be broken.
        """
        hang_up = self.stop if os.isatty(0) else self.reload
        with _signals({signal.SIGTERM: self.stop, signal.SIGINT: self.stop, signal.SIGHUP: hang_up}):
            self._notifier.ready(self._status())
            log.info("dms %s watches %s as vehicle %s", __version__, self._source.name, self._config.vehicle.id)
            self._capture.start()
            self._publisher.info(self._info())
            self._actions.start()
            self._publisher.end_left_open(self._actions.alert)
            # until a picture comes there is none: a camera that is absent from the start is told in time. It is known
            # before the broker is: alerts follow ``online``, and that follows the state
            self._judge(Observation(self._clock.now(), View.LOST))
            self._publisher.start()
            if self._obd is not None:
                self._obd.start()
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
        if self._reload_asked.is_set():
            self._reload_asked.clear()
            self._reload()
        self._hear()
        if frame is not None:
            self._seen_t = now
            self._records.see(frame)
            self._judge(self._models.see(frame))
        elif now - self._seen_t >= self._config.camera.stall_s:
            self._judge(Observation(now, View.LOST))
        if self._health.due(self._config.service.health_interval_s, self._degraded, self._capture.status):
            self._report()
            self._session.save_lessons()
        self._ping(now)

    def _ping(self, now: float) -> None:
        """Feed the watchdog: the loop has turned, with inference in it, and the delivery thread lives."""
        limit_s = self._notifier.watchdog_s
        if limit_s is not None and now - self._pinged_t >= limit_s and self._publisher.running:
            self._pinged_t = now
            self._notifier.alive()

    def _judge(self, observation: Observation) -> None:
        self._publish(self._session.step(observation))

    def _hear(self) -> None:
        """Take the inputs that have come in since the last turn."""
        while not self._inputs.empty():
            heard = self._session.hear(self._inputs.get())
            if heard is not None:
                self._publish(heard)

    def _reload(self) -> None:
        """Take over what the configuration and the model files say now, all of it or nothing."""
        self._notifier.reloading()
        try:
            plan = plan_reload(self._config, self._load())
            perception = load_models(plan.config.perception)
            actions = Actions(plan.config.actions, plan.config.vehicle.id)
        except UserError as error:
            for line in str(error).splitlines():
                log.error("not reloaded, what ran goes on: %s", line)
        except Exception:
            log.exception("not reloaded, what ran goes on")
        else:
            before, self._config = self._config, plan.config
            set_log_level(plan.config.service.log_level)
            if plan.config.actions != before.actions:
                self._actions.close(_FINISH_S)
                actions.take_over(self._actions)
                self._actions = actions
                self._actions.start()
            judges_anew = self._models.replace(plan.config.perception, perception)
            if judges_anew or (plan.config.driver, plan.config.records) != (before.driver, before.records):
                self._begin_session()
            self._publisher.info(self._info())
            log.info("reloaded: %s", ", ".join(plan.changed) or "no changed limits")
            if plan.waiting:
                log.warning("changed, but only a restart takes it over: %s", ", ".join(plan.waiting))
        self._notifier.ready(self._status())

    def _begin_session(self) -> None:
        """Judge anew, by other limits or other models: what is open ends, what was measured is forgotten."""
        self._alert(self._session.finish("reload"))
        self._session.save()
        self._records.close(_FINISH_S)
        self._records = Records(self._config.records, self._config.service.state_dir)
        self._encoder.begin(uuid.uuid4().hex)
        self._session = self._new_session(self._session.driver_id)

    def _new_session(self, driver_id: str | None) -> DriverSession:
        baselines = BaselineStore(self._folder, self._models.learned_from)
        session = DriverSession(self._config.driver, baselines, driver_id, self._records)
        self._records.begin(self._source.name, self._encoder.session, lambda: session.baseline)
        return session

    def _publish(self, judgement: Judgement) -> None:
        self._alert(judgement.alerts)
        state = judgement.state
        if self._worth_telling(state):
            self._told = state
            self._publisher.state(state)

    @property
    def _degraded(self) -> Degraded | None:
        """Why the driver cannot be judged, as the state tells it."""
        return None if self._told is None else self._told.degraded

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
            self._publisher.alert(alert, partial(self._act, alert.t))
            # it is on disk by now: what the log tells of is not lost. Each step of each level counts for itself
            # against the limit on repeats, so that an update never hides a start
            level = logging.INFO if alert.phase is Phase.END else logging.WARNING
            log.log(level, f"{alert.kind} alert {alert.phase}: {alert.level}")

    def _act(self, t: float, message: AlertMessage) -> None:
        """Do on the spot what is to be done about an alert; neither waits."""
        self._actions.alert(message)
        self._records.alert(t, message)

    def _status(self) -> str:
        """What ``systemctl status`` shows."""
        return f"watching {self._source.name}"

    def _info(self) -> InfoMessage:
        stamp = self._clock.stamp(self._clock.now())
        return InfoMessage(
            at=stamp.at,
            clock=stamp.quality,
            version=__version__,
            session=self._encoder.session,
            models={name: ModelInfo(sha256=digest) for name, digest in self._models.hashes.items()},
            config=self._config.model_dump(mode="json"),
        )

    def _report(self) -> None:
        report = self._health.report(
            self._degraded,
            self._capture.status,
            self._models.health(),
            self._publisher.status,
            self._actions.health(),
            self._records.health(),
        )
        self._publisher.health(report)

    def _end(self) -> None:
        """Flush everything, side by side; what hangs is left behind."""
        self._notifier.stopping()
        if self._obd is not None:
            self._obd.stop()
        self._alert(self._session.finish("service_stop"))
        self._session.save()
        self._report()
        closing = [
            threading.Thread(target=close, daemon=True)
            for close in (
                self._capture.stop,
                partial(self._actions.close, _FINISH_S),
                partial(self._records.close, _FINISH_S),
            )
        ]
        for thread in closing:
            thread.start()
        self._publisher.stop(_FLUSH_S)
        self._outbox.close()
        deadline = time.monotonic() + _FINISH_S
        for thread in closing:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._lock.close()
        log.info("stopped")


@contextmanager
def _signals(calls: Mapping[signal.Signals, Callable[[], None]]) -> Iterator[None]:
    """Turn signals into calls; only the main thread may do so, elsewhere the owner calls for itself."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, _frame: FrameType | None) -> None:
        calls[signal.Signals(number)]()

    before = {number: signal.signal(number, handle) for number in calls}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
