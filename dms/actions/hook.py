"""Runs a program of the owner's for each step of an alert.

Takes alert messages, gives each to a new process: the message as JSON on its standard input, the main values in its
environment. The process has a time limit, after which it is killed with all that it started.
"""

import os
import signal
import subprocess
from contextlib import suppress

from dms.actions.notice import Notice
from dms.config.actions import HookSettings
from dms.errors import UserError

_KEPT = ("PATH", "HOME", "LANG", "TZ")
"""Of the daemon's own environment: systemd's sockets and credentials are none of the hook's business."""


class HookError(Exception):
    """The program could not be run, failed, or took too long."""


class Hook:
    """A program.

    Args:
        settings: Which, and its limits; ``command`` is set.
        vehicle_id: Told to the program.

    Raises:
        UserError: There is no such program, or it cannot be executed.
    """

    name = "hook"

    def __init__(self, settings: HookSettings, vehicle_id: str) -> None:
        command = str(settings.command)
        if not os.path.isfile(command) or not os.access(command, os.X_OK):  # noqa: PTH113
            raise UserError(f"actions.hook.command: {command} is not a file that can be executed (chmod +x?)")
        self._command = command
        self._timeout_s = settings.timeout_s
        self._vehicle_id = vehicle_id
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def open(self) -> None:
        """Nothing to get ready."""

    def act(self, message: Notice) -> str:
        """Run it and wait for its end.

        Raises:
            HookError: It could not be run, ended with another code than 0, or was killed at its time limit.
        """
        try:
            process = subprocess.Popen(
                [self._command],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                env=self._environment(message),
                start_new_session=True,
            )
        except OSError as error:
            raise HookError(f"{self._command} cannot be run ({error.strerror})") from error
        self._process = process
        if self._closed:  # while it was being started, when there was nothing to kill yet
            _kill(process)
        try:
            process.communicate(message.to_json().encode() + b"\n", self._timeout_s)
        except subprocess.TimeoutExpired:
            _kill(process)
            process.communicate()
            raise HookError(f"{self._command} was killed: it took longer than {self._timeout_s:g} s") from None
        finally:
            self._process = None
        if process.returncode:
            raise HookError(f"{self._command} ended with {_ending(process.returncode)}")
        return f"{self._command} ended with {_ending(0)}"

    def close(self) -> None:
        """Kill it if it runs or is about to."""
        self._closed = True
        process = self._process
        if process is not None:
            _kill(process)

    def _environment(self, message: Notice) -> dict[str, str]:
        return {
            **{name: os.environ[name] for name in _KEPT if name in os.environ},
            "DMS_VEHICLE": self._vehicle_id,
            "DMS_KIND": str(message.kind),
            "DMS_PHASE": message.phase.value,
            "DMS_LEVEL": str(message.level),
            "DMS_EVENT_ID": str(message.event_id),
            "DMS_TEST": "1" if message.test else "0",
        }


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that was not waited for yet, with its session."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _ending(code: int) -> str:
    return f"code {code}" if code >= 0 else f"signal {-code}"
