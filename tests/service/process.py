"""A running `dms run`, and what its subscriber hears."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conftest import until

VEHICLE = "van"


class Systemd:
    """The end of systemd's notification socket."""

    def __init__(self, folder: Path) -> None:
        self.address = folder / "notify"
        self.heard: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.address))
        self._socket.setblocking(False)

    def listen(self) -> list[str]:
        """Everything heard so far."""
        try:
            while True:
                self.heard.append(self._socket.recv(4096).decode())
        except BlockingIOError:
            return self.heard

    def close(self) -> None:
        self._socket.close()


class Dms:
    """A running `dms run` with a folder of its own."""

    def __init__(
        self,
        folder: Path,
        port: int,
        source: Path | str,
        extra: str = "",
        environment: dict[str, str] | None = None,
        stall_s: float = 0.5,
        health_interval_s: float = 1.0,
        stdin: int = subprocess.DEVNULL,
    ) -> None:
        self.config = folder / "dms.toml"
        self.state_dir = folder / "state"
        self._port, self._source = port, source
        self._stall_s, self._health_interval_s = stall_s, health_interval_s
        self.configure(extra)
        self._errors = folder / f"errors{time.monotonic_ns()}"
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dms", "run", "--config", str(self.config)],
                stdin=stdin,
                stderr=errors,
                env={**os.environ, **(environment or {})},
            )

    def configure(self, extra: str) -> None:
        """Write the configuration; ``extra`` goes on in the table [mqtt] and may begin others."""
        self.config.write_text(
            f'[vehicle]\nid = "{VEHICLE}"\n[camera]\nsource = "{self._source}"\nretry_s = 0.2\n'
            f"stall_s = {self._stall_s}\n"
            f'[service]\nstate_dir = "{self.state_dir}"\n'
            f"health_interval_s = {self._health_interval_s}\n"
            f'[mqtt]\nhost = "127.0.0.1"\nport = {self._port}\nretry_min_s = 0.1\nretry_max_s = 0.3\n'
            f"trust_clock = true\n{extra}"
        )

    @property
    def errors(self) -> str:
        """What it has written to standard error so far."""
        return self._errors.read_text(encoding="utf-8")

    def tell(self, how: signal.Signals) -> None:
        self.process.send_signal(how)

    def end(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        self.tell(how)
        return self.wait()

    def wait(self) -> tuple[int, str]:
        code = self.process.wait(timeout=60)
        return code, self.errors

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def wait_for(condition: Callable[[], Any], timeout_s: float = 120.0) -> Any:
    """Like ``until``, for as long as a drive lasts: a machine that is very busy sees only some of its closures."""
    return until(condition, timeout_s)


def messages(listener: Any, topic: str) -> list[dict[str, Any]]:
    """What a listener heard on one of the vehicle's topics."""
    return [json.loads(payload) for payload in listener.on(f"dms/{VEHICLE}/{topic}")]


def recovered(listener: Any) -> list[list[dict[str, Any]]]:
    """The steps of each fatigue alert that a listener heard of and that is over, since the driver was awake again.

    A machine that stands still during a closure sees nothing of it: a drive has many, and any of them will do.
    """
    lives: dict[str, list[dict[str, Any]]] = {}
    for alert in messages(listener, "alert/fatigue"):
        lives.setdefault(alert["event_id"], []).append(alert)
    return [life for life in lives.values() if life[-1]["evidence"].get("cause") == "recovered"]


def none_missing(listener: Any) -> int:
    """How many fatigue alerts a listener heard, 0 while one is missing; some may have come twice, or out of turn."""
    numbers = {alert["sequence"] for alert in messages(listener, "alert/fatigue")}
    return len(numbers) if numbers == set(range(1, len(numbers) + 1)) else 0


def sessions(listener: Any) -> list[str]:
    """The sessions that were announced, in order."""
    return list(dict.fromkeys(info["session"] for info in messages(listener, "info")))
