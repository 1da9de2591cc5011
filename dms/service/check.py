"""Says what is wrong with this machine and what to do about it.

Takes a configuration, tries each part for real (a model run, a picture, a broker's answer, a file on disk), gives one
finding for each. Changes nothing that stays but what a daemon that has stopped leaves at the broker.
"""

import os
import pwd
import queue
import threading
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, ClassVar

from rich.markup import escape

from dms import __version__
from dms.actions.actions import Actions
from dms.alerts.clock import Clock
from dms.alerts.discovery import discovery
from dms.alerts.health import HealthMessage
from dms.alerts.messages import InfoMessage, ModelInfo
from dms.alerts.probe import ask_broker, greet_broker
from dms.alerts.topics import Topics
from dms.config import ActionSettings, Config
from dms.errors import UserError, WorldError
from dms.frames.camera import open_source
from dms.perception.perception import Perception
from dms.service.check_camera import check_camera, check_daemon_camera
from dms.service.check_disk import check_disk
from dms.service.check_running import running_daemon, said_of_camera, said_of_daemon
from dms.service.folder import asked_folder
from dms.service.lock import unlocked
from dms.service.problems import Verdict
from dms.service.status import Status

_CAMERA_S = 45.0
"""A camera that has not answered by then hangs in its driver; the first picture may take ten seconds."""
_SERVICE_USER = "dms"  # the unit's
_COLOURS: dict[Verdict, str] = {"ok": "green", "warning": "yellow", "failed": "red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        part: For example ``camera``.
        verdict: ``ok``; ``warning``: the daemon runs, but not as well as it could; ``failed``.
        text: What was found, and what to do when it is not ok.
    """

    part: str
    verdict: Verdict
    text: str

    @property
    def failed(self) -> bool:
        """Whether the daemon cannot do its work like this."""
        return self.verdict == "failed"

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return asdict(self)

    def markup(self) -> str:
        """Return everything as a line for a terminal, in rich's markup."""
        return f"[{_COLOURS[self.verdict]}]{self.verdict:<8}[/] {self.part:<7} {escape(self.text)}"


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was found, a line each.

    Attributes:
        found: In the order in which it was looked for.
    """

    found: tuple[Finding, ...]
    warnings: ClassVar[tuple[str, ...]] = ()

    @property
    def failed(self) -> bool:
        """Whether the daemon cannot do its work like this."""
        return any(one.failed for one in self.found)

    def to_json(self) -> list[dict[str, Any]]:
        """Return everything as plain data."""
        return [one.to_json() for one in self.found]

    def text(self) -> str:
        """Return everything as lines for a terminal, in rich's markup."""
        return "\n".join(one.markup() for one in self.found)


def run_checks(config: Config) -> list[Finding]:
    """Check models, camera, broker, disk, clock and, where there are any, local actions, in this order.

    Root is first told that the checks ran as root. A daemon that runs, and so holds the camera, is asked too; its
    answer comes last.
    """
    daemon: Finding | None = None
    status: Status | None = None
    try:
        status = running_daemon(config)
    except WorldError as error:
        daemon = Finding("daemon", "warning", f"one runs and cannot be asked: {error}")
    checks: dict[str, Callable[[Config], Finding]] = {
        "models": _models,
        "camera": partial(_camera, status=status),
        "broker": _broker,
        "disk": _disk,
        "clock": _clock,
    }
    if config.actions != ActionSettings():
        checks["actions"] = _actions
    found = [_guarded(part, check, config) for part, check in checks.items()]
    if status is not None:
        daemon = Finding("daemon", *said_of_daemon(status))
    return [*([_root()] if os.geteuid() == 0 else []), *found, *([daemon] if daemon is not None else [])]


def _guarded(part: str, check: Callable[[Config], Finding], config: Config) -> Finding:
    try:
        return check(config)
    except (UserError, WorldError) as error:
        return Finding(part, "failed", str(error))


def _root() -> Finding:
    # root may read every key, write every folder and open every camera
    try:
        pwd.getpwnam(_SERVICE_USER)
    except KeyError:
        return Finding("user", "ok", "checked as root: what follows need not hold for another user")
    problem = f"checked as root: what follows need not hold for the service, which runs as {_SERVICE_USER}"
    return Finding("user", "warning", f"{problem}; use sudo dms-check")


def _models(config: Config) -> Finding:
    perception = Perception(config.perception)
    perception.warm_up()
    size_kb = sum(model.path.stat().st_size for model in perception.models.values()) / 1000
    return Finding(
        "models", "ok", f"{', '.join(perception.models)}: as their cards say, {size_kb:.0f} kB, and they run"
    )


def _camera(config: Config, status: Status | None) -> Finding:
    source = open_source(config.camera)
    if not source.live:
        return Finding("camera", *check_camera(config))
    if status is not None:
        # whose camera gives pictures is looked through: what they show says how to mend it
        gives = status.health is not None and status.health.camera.fault is None
        return Finding("camera", *((gives and check_daemon_camera(config)) or said_of_camera(status)))
    found: queue.SimpleQueue[tuple[Verdict, str] | Exception] = queue.SimpleQueue()

    def look() -> None:
        try:
            found.put(check_camera(config))
        except Exception as error:
            found.put(error)

    # a driver that hangs cannot be interrupted, only left behind
    threading.Thread(target=look, name="camera", daemon=True).start()
    try:
        answer = found.get(timeout=_CAMERA_S)
    except queue.Empty:
        return Finding("camera", "failed", f"{source.name} hangs: it has not answered for {_CAMERA_S:.0f} s")
    if isinstance(answer, Exception):
        raise answer
    return Finding("camera", *answer)


def _broker(config: Config) -> Finding:
    where = f"{config.mqtt.host}:{config.mqtt.broker_port}"
    topics = Topics(config.vehicle.id, config.mqtt.prefix)
    try:
        with unlocked(asked_folder(config)) as is_free:
            answer = ask_broker(config.mqtt, topics, _last_words(config, topics)) if is_free else None
        if answer is None:
            greeted = greet_broker(config.mqtt, topics)
            text = (
                f"{where} accepts this vehicle's login, MQTT {greeted.protocol}; a daemon runs here and holds its id:"
            )
            text += " nothing more was tried, health.broker tells what it was told"
            return Finding("broker", "ok", text)
    except WorldError as error:
        # the daemon starts without it and keeps alerts on disk
        return Finding("broker", "warning", f"{where}: {error}; alerts wait on disk until it answers")
    if answer.problems:
        told = "; ".join(answer.problems)
        return Finding("broker", "warning", f"{where} accepts this vehicle, MQTT {answer.protocol}, but {told}")
    return Finding("broker", "ok", f"{where} accepts this vehicle, MQTT {answer.protocol}")


def _last_words(config: Config, topics: Topics) -> list[tuple[str, str]]:
    """Return what a daemon that has stopped leaves at the broker."""
    clock = Clock(config.mqtt.trust_clock)
    stamp = clock.stamp(clock.now())
    try:
        files = Perception(config.perception).models
        hashes, fault = {name: file.card["sha256"] for name, file in files.items()}, None
    except UserError as error:
        hashes, fault = {}, str(error)
    info = InfoMessage(
        at=stamp.at,
        clock=stamp.quality,
        version=__version__,
        session=uuid.uuid4().hex,
        models={name: ModelInfo(sha256=digest) for name, digest in hashes.items()},
        config=config.model_dump(mode="json"),
    )
    stopped = "dms does not run"
    health = HealthMessage.model_validate(
        {
            "at": stamp.at,
            "clock": stamp.quality,
            "status": "stopped",
            "uptime_s": 0.0,
            "camera": {"status": "lost", "frames_per_s": None, "dropped": 0, "reconnects": 0, "error": stopped},
            "models": {
                "status": "ok" if fault is None else "failed",
                "hashes": {name: digest[:12] for name, digest in hashes.items()},
                "stage_ms": {},
                "error": fault,
            },
            "broker": {
                **dict.fromkeys(("outbox", "dropped", "connects", "inputs_rejected"), 0),
                **dict.fromkeys(("outbox_error", "latency_s", "latency_p99_s", "error")),
                "status": "ok",
            },
            "rss_mb": None,
            "cpu_temperature_c": None,
        }
    )
    words = [(topics.info, info.to_json()), (topics.health, health.to_json())]
    if config.mqtt.home_assistant:
        words.append(discovery(topics, config.mqtt.home_assistant_prefix))
    return words


def _disk(config: Config) -> Finding:
    return Finding("disk", *check_disk(config))


def _clock(config: Config) -> Finding:
    clock = Clock(config.mqtt.trust_clock)
    now = clock.stamp(clock.now()).at.isoformat(timespec="seconds")
    if not clock.synchronised:
        problem = f"{now}, but nothing vouches for it: messages say so until network time arrives"
        return Finding("clock", "warning", f"{problem} (mqtt.trust_clock where the clock has a battery)")
    return Finding("clock", "ok", f"{now}, kept by network time")


def _actions(config: Config) -> Finding:
    actions = config.actions
    Actions(actions, config.vehicle.id, Clock().stamp)
    pins = {"buzzer": actions.buzzer, "light": actions.led, "watching": actions.watching, "blind": actions.blind}
    named = {
        "hook": actions.hook.command,
        "sound": actions.sound.device,
        **{name: device.pin for name, device in pins.items()},
        "button": actions.button.pin,
    }
    told = ", ".join(f"{name} {what}" for name, what in named.items() if what is not None) or "none is named"
    return Finding("actions", "ok", f"{told}; not tried: it would wake somebody")
