"""The vehicle's speed from its diagnosis bus (OBD-II, SAE J1979 PID 0D), through python-OBD (the extra ``obd``).

Takes the ``[obd]`` table, gives ``VehicleSpeed`` from a thread of its own. An adapter that is absent, or a car that is
off, is a normal state: it is tried again at a pace, and the speed is unknown meanwhile. Never blocks the road.
"""

import importlib
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from dms.config import ObdSettings
from dms.driver.inputs import VehicleSpeed
from dms.errors import UserError

log = logging.getLogger(__name__)

_SILENCE = 5
"""Readings without an answer in a row after which the connection is made anew: a car may skip one."""
_ANSWER_S = 2.0
"""Longest wait for the adapter's answer."""


class SpeedReader:
    """Reads the speed every so often.

    Args:
        settings: The ``[obd]`` table; ``port`` is set.
        hear: Called from this thread with each reading, with an unknown one when the connection is lost.
        now: The frames' clock, seconds.

    Raises:
        UserError: python-OBD is not installed.
    """

    def __init__(self, settings: ObdSettings, hear: Callable[[VehicleSpeed], None], now: Callable[[], float]) -> None:
        # they say at length what they try; what matters is logged here
        for library in ("obd", "pint"):
            logging.getLogger(library).setLevel(logging.CRITICAL + 1)
        try:
            self._obd: Any = importlib.import_module("obd")
        except ImportError as error:
            raise UserError("obd.port needs python-OBD: pip install 'dms[obd]'") from error
        logging.getLogger("obd").setLevel(logging.CRITICAL + 1)  # it sets its own when it is imported
        self._settings = settings
        self._hear = hear
        self._now = now
        self._stop = threading.Event()
        self._error: str | None = None
        self._spoken = False
        self._thread = threading.Thread(target=self._run, name="obd", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Stop reading; a serial line that hangs is left behind rather than waited for."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                problem = self._follow()
            except Exception as error:
                # what comes over a serial line makes the library raise all sorts of things
                problem = f"{type(error).__name__}: {error}"
            if self._stop.is_set():
                return
            if problem != self._error:
                log.warning("OBD-II at %s: %s; the speed is unknown", self._settings.port, problem)
            self._error = problem
            if self._spoken:
                # an adapter that never answered has nothing to take back of what others say of the speed
                self._spoken = False
                self._hear(VehicleSpeed(self._now(), None))
            self._stop.wait(self._settings.retry_s)

    def _follow(self) -> str:
        """Connect, read until the car is silent, and return why it ended."""
        s = self._settings
        connection = self._obd.OBD(s.port, s.baudrate, fast=False, timeout=_ANSWER_S, check_voltage=False)
        try:
            if not connection.is_connected():
                return f"no answer from the car ({connection.status()})"
            silent = 0
            while not self._stop.is_set():
                due = time.monotonic() + s.interval_s
                # force: an adapter may not tell which readings the car supports
                answer = connection.query(self._obd.commands.SPEED, force=True)
                if answer.is_null():
                    silent += 1
                    if silent >= _SILENCE:
                        return "the car no longer answers"
                else:
                    silent = 0
                    self._told_well()
                    self._hear(VehicleSpeed(self._now(), float(answer.value.magnitude)))
                self._stop.wait(max(0.0, due - time.monotonic()))
            return "stopped"
        finally:
            connection.close()

    def _told_well(self) -> None:
        if self._error is not None:
            log.info("OBD-II at %s: the car answers", self._settings.port)
        self._error, self._spoken = None, True
