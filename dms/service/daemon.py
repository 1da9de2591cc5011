"""The daemon: walks the road live until it is stopped.

Takes a configuration, publishes what the road gives. Order of start: configuration, source, the road, READY, then
camera and broker, which may both be absent: a car boots offline.
"""

import logging
import os
import queue
import signal
import threading
from collections.abc import Callable, Sequence

from dms import __version__
from dms.alerts.clock import Clock
from dms.alerts.inputs import Input
from dms.config import Config
from dms.errors import UserError
from dms.frames.camera import open_source
from dms.frames.live import LiveCapture
from dms.observation import Observation, View
from dms.service.control.loop import LoopCalls
from dms.service.control.protocol import Handler, socket_paths
from dms.service.control.server import ControlServer
from dms.service.live import LiveRoad
from dms.service.log import set_log_level
from dms.service.look import Look
from dms.service.notify import SystemdNotifier
from dms.service.obd import SpeedReader
from dms.service.reload import plan_reload
from dms.service.signals import signals
from dms.service.status import StatusAnswers
from dms.service.trial import TrialAnswers
from dms.sink import Sink

log = logging.getLogger(__name__)

_TURN_S = 0.25
"""Longest wait for a frame: the loop turns at least four times a second, so that a stop is quick."""
_STOP_S = 1.0
"""Time that a stop gives the broker, actions and records to take what is left."""


class Daemon:
    """Camera in, alerts out. Runs once.

    Args:
        config: Everything.
        load: Reads the configuration anew for a reload; the same one without.
        sinks: Receive each step as well, after the daemon's own sinks.

    Raises:
        UserError: A model, the source, a login, a certificate, the hook or an extra cannot be used.
        WorldError: Another daemon uses the same state folder.
    """

    def __init__(self, config: Config, load: Callable[[], Config] | None = None, sinks: Sequence[Sink] = ()) -> None:
        self._config = config
        self._load = load or (lambda: config)
        self._stop = threading.Event()
        self._reload_asked = threading.Event()
        self._notifier = SystemdNotifier()
        self._clock = Clock(config.mqtt.trust_clock)
        # a misspelt source is reported before the models take their time; the camera itself is opened later
        self._source = open_source(config.camera)
        self._inputs: queue.SimpleQueue[Input] = queue.SimpleQueue()
        self._obd = None if config.obd.port is None else SpeedReader(config.obd, self._inputs.put, self._clock.now)
        self._road = LiveRoad(config, self._source, self._clock, self._inputs.put, sinks)
        self._capture = LiveCapture(self._source, config.camera.retry_s, config.camera.stall_s)
        self._calls = LoopCalls()
        self._control = ControlServer(socket_paths(self._road.folder), self._handlers())
        self._frame_t = self._pinged_t = self._clock.now()

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
        with signals({signal.SIGTERM: self.stop, signal.SIGINT: self.stop, signal.SIGHUP: hang_up}):
            self._notifier.ready(self._status())
            log.info("dms %s watches %s as vehicle %s", __version__, self._source.name, self._config.vehicle.id)
            self._capture.start()
            self._road.start()
            # until a picture comes there is none: a camera that is absent from the start is reported in time
            self._road.step(Observation(self._clock.now(), View.LOST))
            if self._obd is not None:
                self._obd.start()
            self._control.start()
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
        while not self._inputs.empty():
            self._road.receive(self._inputs.get())
        if frame is not None:
            self._frame_t = now
            self._road.step(frame)
        elif now - self._frame_t >= self._config.camera.stall_s:
            self._road.step(Observation(now, View.LOST))
        self._calls.make()
        self._road.report(self._capture.status, self._config.service.health_interval_s)
        self._ping(now)

    def _ping(self, now: float) -> None:
        """Feed the watchdog: the loop has turned, with inference in it, and the delivery thread lives."""
        limit_s = self._notifier.watchdog_s
        if limit_s is not None and now - self._pinged_t >= limit_s and self._road.sinks.mqtt.running:
            self._pinged_t = now
            self._notifier.alive()

    def _reload(self) -> None:
        """Take over what the configuration and the model files say now, all of it or nothing."""
        self._notifier.reloading()
        try:
            plan = plan_reload(self._config, self._load())
            self._road.reload(plan.config)
        except UserError as error:
            for line in str(error).splitlines():
                log.error("not reloaded, what ran goes on: %s", line)
        except Exception:
            log.exception("not reloaded, what ran goes on")
        else:
            self._config = plan.config
            set_log_level(plan.config.service.log_level)
            log.info("reloaded: %s", ", ".join(plan.changed) or "no changed limits")
            if plan.waiting:
                log.warning("changed, but only a restart takes it over: %s", ", ".join(plan.waiting))
        self._notifier.ready(self._status())

    def _handlers(self) -> dict[str, Handler]:
        """Return who answers what a person's command asks this daemon over the local socket."""
        status = StatusAnswers(lambda: self._config, self._road.folder, self._look, self._calls)
        sinks = self._road.sinks
        trial = TrialAnswers(self._road.trial, self._calls, sinks.acting, lambda: sinks.mqtt.status)
        return {"status": status.answer, "test_alert": trial.answer, "aim": sinks.onlookers.answer}

    def _look(self) -> Look:
        return self._road.look(self._capture.status)

    def _status(self) -> str:
        """Return what ``systemctl status`` shows."""
        return f"watching {self._source.name}"

    def _end(self) -> None:
        """Flush everything, side by side; what hangs is left behind."""
        self._notifier.stopping()
        if self._obd is not None:
            self._obd.stop()
        self._road.finish()
        self._road.report(self._capture.status)
        closing = threading.Thread(target=self._capture.stop, daemon=True)
        closing.start()
        self._control.stop(_TURN_S)
        self._road.stop(_STOP_S)
        closing.join(_TURN_S)
        log.info("stopped")
