"""The road as the daemon walks it: composed from the configuration, composed anew by a reload.

Takes frames, inputs and a plan of what changes; the sinks do the rest. Order of start: models (verified and run once),
actions, state folder, records, outbox.
"""

import uuid
from collections.abc import Callable, Sequence

from dms import __version__
from dms.actions.actions import Actions
from dms.alerts.clock import Clock
from dms.alerts.delivery.progress import PublisherStatus
from dms.alerts.health import ModelsHealth
from dms.alerts.inputs import Input
from dms.alerts.messages import AlertMessage, InfoMessage, ModelInfo
from dms.config import Config
from dms.driver.inputs import Acknowledgement
from dms.driver.state import Alert, AlertKind, Degraded
from dms.frames import Frame
from dms.frames.live import CaptureStatus
from dms.frames.source import Source
from dms.observation import Observation
from dms.records.records import Records
from dms.road import Road
from dms.service.baselines import USUAL_DRIVER, BaselineStore
from dms.service.folder import state_folder
from dms.service.health import HealthReporter, Parts, cpu_temperature_c
from dms.service.load import LoadShedder
from dms.service.lock import lock_folder
from dms.service.look import Look, Notes
from dms.service.models import Models, load_models
from dms.service.onlookers import Onlookers
from dms.service.outcomes import Outcomes
from dms.service.session import DriverSession
from dms.service.sinks import AlertLog, MqttSink
from dms.service.trial import Trial
from dms.sink import Sink

_RELOAD_S = 0.5
"""Time that a reload gives actions and records to finish what they have begun."""


class LiveRoad:
    """Owns what the daemon's road is made of.

    Args:
        config: Everything.
        source: What is watched.
        clock: The frames' clock.
        on_input: Called from the delivery thread with each valid input.
        sinks: Told of each step as well, last.

    Raises:
        UserError: A model, a login, a certificate, the hook or an extra cannot be used.
        WorldError: Another daemon uses the same state folder.
    """

    def __init__(
        self,
        config: Config,
        source: Source,
        clock: Clock,
        on_input: Callable[[Input], None],
        sinks: Sequence[Sink] = (),
    ) -> None:
        self._sinks = sinks
        self._config = config
        self._drive = source.name
        # a recording that is played is judged in the same way whatever the machine does
        self._load = LoadShedder(cpu_temperature_c) if source.live else None
        self._clock = clock
        self._models = Models(config.perception)
        self._outcomes = Outcomes()
        self._on_input = on_input
        self._actions = self._make_actions(config)
        self.folder = state_folder(config, source)
        """Where the daemon keeps what must outlive it."""
        self._lock = lock_folder(self.folder)
        self._records = Records(config.records, config.service.state_dir)
        self._mqtt = MqttSink(config, self.folder, uuid.uuid4().hex, clock, on_input, self._outcomes.delivered)
        self.trial = Trial(self._mqtt.encoder, clock, self._tell_trial, self._outcomes)
        """The alert that somebody tries."""
        self._notes = Notes()
        self.onlookers = Onlookers(lambda: self._config, lambda: self._models.landmarks)
        """Shows whoever asks what the camera sees."""
        self._session = self._new_session(USUAL_DRIVER)
        self._road = self._compose()
        self._health = HealthReporter(clock)

    def start(self) -> None:
        """Tell every sink that the drive begins."""
        self._mqtt.info(self._info())
        self._road.start(self._drive)
        for message in self._mqtt.end_left_open():
            self._actions.alert(message)

    @property
    def delivers(self) -> bool:
        """Whether the delivery thread lives."""
        return self._mqtt.running

    @property
    def broker(self) -> PublisherStatus:
        """How delivery is doing. From any thread."""
        return self._mqtt.status

    def acting(self, kind: AlertKind) -> tuple[str, ...]:
        """The names of the actions that alerts of this kind are told to."""
        return self._actions.told(kind)

    @property
    def degraded(self) -> Degraded | None:
        """Why the driver cannot be judged, None when nothing is in the way."""
        state = self._road.state
        return None if state is None else state.degraded

    def step(self, moment: Frame | Observation) -> None:
        """Judge what the camera gave, or that it gave nothing; shed load leaves frames out."""
        if isinstance(moment, Observation) or self._models.wants_frame():
            self._road.step(moment)

    def receive(self, event: Input) -> None:
        """Take an input."""
        if isinstance(event, Acknowledgement) and self.trial.acknowledge(event):
            return
        resolved = self._session.resolve(event)
        if resolved is not None:
            self._road.step(resolved)

    def report(self, capture: CaptureStatus, interval_s: float = 0.0) -> None:
        """Report on all parts, when the last report is so old or says something else of the camera."""
        if self._load is not None:
            self._models.relieve(self._load.update(self._clock.now(), capture.frames, capture.dropped))
        self._health.count(capture)
        self.trial.turn()
        self.onlookers.fault = capture.error
        if interval_s and not self._health.due(interval_s, self.degraded, capture):
            return
        self._road.health(self._health.report(self._parts(capture, self._models.report())))
        self._session.save_lessons()

    def look(self, capture: CaptureStatus) -> Look:
        """What runs and how it is doing, for whoever asks; changes nothing."""
        return Look(
            health=self._health.look(self._parts(capture, self._models.look())),
            since=self._clock.stamp(self._health.started).at,
            session=self._mqtt.encoder.session,
            state=self._road.state,
            condition_since=self._notes.condition_since(self._clock),
            last_alert=self._notes.last_alert,
        )

    def reload(self, config: Config) -> None:
        """Take over another configuration and what the model files hold now, all of it or nothing.

        Raises:
            UserError: It cannot be used; what ran goes on.
        """
        perception = load_models(config.perception)
        actions = self._make_actions(config)
        before, self._config = self._config, config
        self._mqtt.state_interval_s = config.service.state_interval_s
        if config.actions != before.actions:
            self._actions.stop(_RELOAD_S)
            actions.take_over(self._actions)
            self._road.replace(self._actions, actions)
            self._actions = actions
        judges_anew = self._models.replace(config.perception, perception)
        if judges_anew or (config.driver, config.records) != (before.driver, before.records):
            self._begin_session()
        self._mqtt.info(self._info())

    def stop(self, timeout_s: float) -> None:
        """Flush every sink, side by side; what hangs is left behind."""
        self._road.stop(timeout_s)
        self._lock.close()

    def finish(self) -> None:
        """End what is open, and keep what was learned."""
        self.trial.end()
        self._road.finish("service_stop")
        self._session.save()

    def _tell_trial(self, alert: Alert, message: AlertMessage) -> None:
        self._road.tell(alert, message)

    def _make_actions(self, config: Config) -> Actions:
        def acknowledge() -> None:
            self._on_input(Acknowledgement(self._clock.now()))

        return Actions(config.actions, config.vehicle.id, self._clock.stamp, acknowledge, self._outcomes.acted)

    def _begin_session(self) -> None:
        """Judge anew, by other limits or other models: what is open ends, what was measured is forgotten."""
        self.trial.end()
        self._road.finish("reload")
        self._session.save()
        self._records.stop(_RELOAD_S)
        self._records = Records(self._config.records, self._config.service.state_dir)
        self._mqtt.encoder.begin(uuid.uuid4().hex)
        self._session = self._new_session(self._session.driver_id)
        self._road = self._compose()
        self._road.start(self._drive)

    def _new_session(self, driver_id: str | None) -> DriverSession:
        baselines = BaselineStore(self.folder, self._models.learned_from)
        return DriverSession(self._config.driver, baselines, driver_id)

    def _parts(self, capture: CaptureStatus, models: ModelsHealth) -> Parts:
        return Parts(
            self.degraded,
            capture,
            models,
            self._mqtt.status,
            self._actions.report(),
            self._records.report(),
            self.onlookers.looking,
        )

    def _compose(self) -> Road:
        # the driver first, then what touches a disk; the log tells of what is on it
        sinks = (self._actions, self._records, self._mqtt, AlertLog(), self._notes, self.onlookers, *self._sinks)
        return Road(
            self._models.observe, self._session.monitor, self._mqtt.encoder, sinks, before_alerts=self.trial.end
        )

    def _info(self) -> InfoMessage:
        stamp = self._clock.stamp(self._clock.now())
        return InfoMessage(
            at=stamp.at,
            clock=stamp.quality,
            version=__version__,
            session=self._mqtt.encoder.session,
            models={name: ModelInfo(sha256=digest) for name, digest in self._models.hashes.items()},
            config=self._config.model_dump(mode="json"),
        )
