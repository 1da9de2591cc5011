"""What the running daemon says of itself: the answer behind ``dms status``, and the same where none runs.

Takes a look at the daemon, gives a report for machines. Judges no driver.
"""

import os
import shutil
from collections.abc import Callable, Generator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from dms import __version__
from dms.alerts.health import HealthMessage
from dms.alerts.messages import AlertMessage, Seconds, Share, Utc
from dms.config import Config
from dms.config.frames import without_secrets
from dms.driver.state import (
    AngerLevel,
    Condition,
    Degraded,
    DistractionLevel,
    DriverState,
    Eyes,
    FatigueLevel,
    HeldBack,
    Looking,
)
from dms.errors import WorldError
from dms.service.control.client import NotRunningError, ask
from dms.service.control.loop import LoopCalls
from dms.service.control.protocol import Answer
from dms.service.look import Look
from dms.service.problems import Problem, Verdict, problems

_DIGITS = 4
"""Decimals of numbers, as on the wire."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True, ser_json_inf_nan="null")


class DaemonStatus(_Part):
    """The process."""

    version: str = Field(description="Version of dms.")
    vehicle: str = Field(description="Vehicle id.")
    source: str = Field(description="What is watched; of an address only scheme, host and port.")
    pid: int
    session: str = Field(description="Names this run, as in its messages.")
    since: Utc = Field(description="When it started.")
    state_dir: str
    free_mb: float | None = Field(description="Free space there, MB (10^6 bytes).")


class DriverStatus(_Part):
    """The driver as last judged, as in the ``state`` message."""

    condition: Condition
    degraded: Degraded | None
    since: Utc | None = Field(description="Since when the condition stands.")
    face: bool | None
    eyes: Eyes
    closed_s: Seconds | None
    perclos: Share | None
    valid_share: Share
    fatigue: FatigueLevel | None
    anger: AngerLevel | None
    anger_score: Share | None
    looking: Looking | None
    eyes_off_road_s: Seconds | None
    distraction: DistractionLevel | None
    calibrated: Share
    held_back: HeldBack | None = None


class Status(_Part):
    """The running daemon, or that there is none."""

    running: bool
    verdict: Verdict = Field(description="ok; warning: something is wrong; failed: the driver is not watched.")
    watching: bool | None = Field(description="Whether the driver can be judged now; null before enough is seen.")
    problems: tuple[Problem, ...] = Field(description="What is wrong, the worst first.")
    daemon: DaemonStatus | None = None
    driver: DriverStatus | None = None
    last_alert: AlertMessage | None = Field(None, description="The last step of the last alert of this run.")
    health: HealthMessage | None = Field(None, description="All parts now, as in the health message.")

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return self.model_dump(mode="json")


class StatusAnswers:
    """Answers the question ``status``.

    Args:
        config: The configuration as it is now.
        folder: The state folder.
        look: Looks at the daemon; called by its loop.
        calls: Reaches that loop.
    """

    def __init__(self, config: Callable[[], Config], folder: Path, look: Callable[[], Look], calls: LoopCalls) -> None:
        self._config = config
        self._folder = folder
        self._look = look
        self._calls = calls

    def answer(self, _arguments: Mapping[str, Any]) -> Generator[Answer | None, None, None]:
        """Look at the daemon once."""
        look, config, free_mb = self._calls.call(self._look), self._config(), _free_mb(self._folder)
        found = problems(look.health, look.state, free_mb)
        daemon = DaemonStatus(
            version=__version__,
            vehicle=config.vehicle.id,
            source=without_secrets(config.camera.source),
            pid=os.getpid(),
            session=look.session,
            since=look.since,
            state_dir=str(self._folder),
            free_mb=free_mb,
        )
        yield Status(
            running=True,
            verdict=_worst(found),
            watching=None if look.state is None else _is_watched(look.state),
            problems=found,
            daemon=daemon,
            driver=None if look.state is None else _driver(look.state, look),
            last_alert=look.last_alert,
            health=look.health,
        ).to_json()


def ask_status(folder: Path) -> Status:
    """Return how the daemon of a state folder is doing; where none answers, that.

    Raises:
        WorldError: This user may not ask it, or it is of another release.
    """
    try:
        answers = list(ask(folder, "status"))
    except NotRunningError:
        text = f"no dms runs with the state folder {folder}"
        problem = Problem("daemon", "failed", text, "sudo systemctl start dms; journalctl -u dms says why it ended")
        return Status(running=False, verdict="failed", watching=False, problems=(problem,))
    try:
        (told,) = answers
        return Status.model_validate(told)
    except ValueError as error:
        raise WorldError("the daemon is of another release: restart it (sudo systemctl restart dms)") from error


def _worst(found: tuple[Problem, ...]) -> Verdict:
    return found[0].verdict if found else "ok"


def _is_watched(state: DriverState) -> bool | None:
    if state.degraded is not None:
        return False
    return None if state.condition is Condition.UNKNOWN else True


def _driver(state: DriverState, look: Look) -> DriverStatus:
    numbers = {name: round(value, _DIGITS) for name, value in asdict(state).items() if isinstance(value, float)}
    return DriverStatus.model_validate({**asdict(state), **numbers, "since": look.condition_since})


def _free_mb(folder: Path) -> float | None:
    try:
        return round(shutil.disk_usage(folder).free / 1e6, 1)
    except OSError:
        return None
