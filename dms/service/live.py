"""The road as the daemon walks it: composed from the configuration, composed anew by a reload.

Takes frames, inputs and another configuration; the sinks do the rest. Order of start: models (verified and run once),
state folder, actions, records, outbox.
"""

import uuid
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from dms.alerts.clock import Clock
from dms.alerts.health import ModelsHealth
from dms.alerts.inputs import Input
from dms.alerts.messages import AlertMessage
from dms.config import Config
from dms.driver.inputs import Acknowledgement
from dms.driver.state import Alert, Degraded
from dms.frames import Frame
from dms.frames.live import CaptureStatus
from dms.observation import Observation
from dms.road import Road
from dms.service.baselines import USUAL_DRIVER, BaselineStore
from dms.service.folder import state_folder
from dms.service.health import HealthReporter, Parts, cpu_temperature_c
from dms.service.live_sinks import LiveSinks
from dms.service.load import LoadShedder
from dms.service.lock import lock_folder
from dms.service.look import Look
from dms.service.models import Models, load_models
from dms.service.onlookers import Onlookers
from dms.service.session import DriverSession
from dms.service.trial import Trial
from dms.sink import Sink

if TYPE_CHECKING:
    from dms.frames.source import Source


class LiveRoad:
    """Owns what the daemon's road is made of.

    Args:
        config: Everything.
        source: What is watched.
        clock: The frames' clock.
        on_input: Called with each valid input, from other threads.
        sinks: Receive each step as well, last.

    Attributes:
        folder: Where the daemon keeps what must outlive it.
        sinks: Who hears of the drive.
        trial: The alert that somebody tries.

    Raises:
        UserError: A model, a login, a certificate, the hook or an extra cannot be used.
        WorldError: Another daemon uses the same state folder.
    """

    def __init__(
        self,
        config: Config,
        source: "Source",
        clock: Clock,
        on_input: Callable[[Input], None],
        sinks: Sequence[Sink] = (),
    ) -> None:
        self._config = config
        self._drive = source.name
        # a recording that is played is judged in the same way whatever the machine does
        self._load = LoadShedder(cpu_temperature_c) if source.live else None
        self._clock = clock
        self._models = Models(config.perception)
        self.folder = state_folder(config, source)
        self._lock = lock_folder(self.folder)
        onlookers = Onlookers(lambda: self._config, lambda: self._models.landmarks)
        with ExitStack() as undone:
            undone.callback(self._lock.close)
            self.sinks = LiveSinks(config, self.folder, clock, on_input, onlookers, sinks)
            undone.pop_all()
        self._encoder = self.sinks.mqtt.encoder
        self.trial = Trial(self._encoder, clock, self._tell_trial, self.sinks.outcomes)
        self._session = self._new_session(USUAL_DRIVER)
        self._road = self._compose()
        self._health = HealthReporter(clock)

    def start(self) -> None:
        """Tell every sink that the drive begins."""
        self.sinks.publish_info(self._config, self._models.hashes)
        self._road.start(self._drive)
        for message in self.sinks.mqtt.end_left_open():
            self.sinks.actions.alert(message)

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
        self.sinks.onlookers.fault = capture.error
        if interval_s and not self._health.due(interval_s, self.degraded, capture):
            return
        self._road.health(self._health.report(self._parts(capture, self._models.report())))
        self._session.save_lessons()

    def look(self, capture: CaptureStatus) -> Look:
        """Return what runs and how it is doing, for whoever asks; changes nothing."""
        notes = self.sinks.notes
        return Look(
            health=self._health.look(self._parts(capture, self._models.look())),
            since=self._clock.stamp(self._health.started).at,
            session=self._encoder.session,
            state=self._road.state,
            condition_since=notes.condition_since(self._clock),
            last_alert=notes.last_alert,
        )

    def reload(self, config: Config) -> None:
        """Take over another configuration and what the model files hold now, all of it or nothing.

        Raises:
            UserError: It cannot be used; what ran goes on.
        """
        perception = load_models(config.perception)
        actions = self.sinks.make_actions(config)
        before, self._config = self._config, config
        self.sinks.mqtt.state_interval_s = config.service.state_interval_s
        if config.actions != before.actions:
            self._road.replace(self.sinks.replace_actions(actions), actions)
        judges_anew = self._models.replace(config.perception, perception)
        if judges_anew or (config.driver, config.records) != (before.driver, before.records):
            self._begin_session()
        self.sinks.publish_info(config, self._models.hashes)

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

    def _begin_session(self) -> None:
        """Judge anew, by other limits or other models: what is open ends, what was measured is forgotten."""
        self.trial.end()
        self._road.finish("reload")
        self._session.save()
        self.sinks.replace_records(self._config)
        self._encoder.begin(uuid.uuid4().hex)
        self._session = self._new_session(self._session.driver_id)
        self._road = self._compose()
        self._road.start(self._drive)

    def _new_session(self, driver_id: str | None) -> DriverSession:
        baselines = BaselineStore(self.folder, self._models.learned_from)
        return DriverSession(self._config.driver, baselines, driver_id)

    def _parts(self, capture: CaptureStatus, models: ModelsHealth) -> Parts:
        sinks = self.sinks
        return Parts(
            self.degraded,
            capture,
            models,
            sinks.mqtt.status,
            sinks.actions.report(),
            sinks.records.report(),
            sinks.onlookers.looking,
        )

    def _compose(self) -> Road:
        sinks = self.sinks.in_order()
        return Road(self._models.observe, self._session.monitor, self._encoder, sinks, before_alerts=self.trial.end)
