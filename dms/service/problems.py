"""What is wrong with a running daemon and what to do about it, the worst first.

Takes a look at it, gives findings in words. Judges no driver.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from dms.alerts.health import HealthMessage
from dms.driver.state import Condition, Degraded, DriverState
from dms.service.load import HOT_C

Verdict = Literal["ok", "warning", "failed"]

FREE_MB = 50.0
"""Less than this on the disk is reported: a trace and the outbox need room."""
_CLOSURES_FPS, _PERCLOS_FPS = 5.0, 10.0
"""What closures and PERCLOS need, frames per second, as ``camera.fps`` says."""
_SETTLE_S = 5.0
"""A daemon younger than this has not counted frames for long enough, nor had time to connect."""

_DEGRADED = {
    Degraded.CAMERA_LOST: ("camera", "no pictures come", "plug the camera in, or name another: camera.source"),
    Degraded.DARK: ("camera", "the picture is dark", "light the driver's face; a camera with infrared light sees it"),
    Degraded.COVERED: ("camera", "the camera is covered", "uncover or clean it, or aim it at the driver"),
    Degraded.ANALYSIS_FAILED: ("models", "the pictures cannot be analysed", "the log tells: journalctl -u dms"),
    Degraded.FACE_MISSING: ("driver", "no face is seen", "if somebody drives, aim the camera: dms aim"),
    Degraded.CAMERA_TURNED: (
        "camera",
        "the face stands upside down or on its side",
        "turn it, or set camera.rotate: dms aim",
    ),
    Degraded.EYES_UNKNOWN: ("driver", "the eyes cannot be seen", "aim the camera (dms aim); mind glasses and glare"),
}
_FAULTS = {
    "unplugged": "plug the camera in, or name another: camera.source",
    "stalled": "plug it in again; another cable, another port",
    "frozen": "plug it in again; it repeats the same picture",
    "wrong_size": "ask for a size that it has: camera.width, camera.height",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong.

    Attributes:
        part: For example ``camera``.
        verdict: ``failed``: the driver is not watched; ``warning``: the driver is, but something else does not work.
        text: What is wrong.
        advice: What to do.
    """

    part: str
    verdict: Verdict
    text: str
    advice: str


def problems(health: HealthMessage, state: DriverState | None, free_mb: float | None) -> tuple[Problem, ...]:
    """Return what is wrong, the worst first.

    Args:
        health: All parts.
        state: The driver as last judged, None before that.
        free_mb: Free space in the state folder, MB (10^6 bytes); None when unknown.
    """
    found = [*_driver(health, state), *_rate(health), *_models(health), *_broker(health), *_keeping(health, free_mb)]
    return tuple(sorted(found, key=lambda problem: problem.verdict != "failed"))


def _driver(health: HealthMessage, state: DriverState | None) -> Iterator[Problem]:
    camera = health.camera
    if camera.fault is not None:
        yield Problem("camera", "failed", camera.error or camera.fault, _FAULTS[camera.fault])
    elif state is not None and state.degraded is not None:
        other = ("driver", state.degraded.replace("_", " "), "journalctl -u dms")
        part, text, advice = _DEGRADED.get(state.degraded, other)
        yield Problem(part, "failed", camera.error or text, advice)
    elif state is None or state.condition is Condition.UNKNOWN:
        yield Problem("driver", "warning", "too little has been seen so far to judge the driver", "wait some seconds")


def _rate(health: HealthMessage) -> Iterator[Problem]:
    rate = health.camera.frames_per_s
    if rate is None or health.camera.fault is not None or health.uptime_s < _SETTLE_S:
        return
    advice = "more light, another camera.format, fewer programs beside it, or cooling"
    if rate < _CLOSURES_FPS:
        text = f"only {rate:.1f} pictures a second: a microsleep needs {_CLOSURES_FPS:.0f}"
        yield Problem("frame rate", "failed", text, advice)
    elif rate < _PERCLOS_FPS:
        text = f"only {rate:.1f} pictures a second: PERCLOS, so drowsiness, wants {_PERCLOS_FPS:.0f}"
        yield Problem("frame rate", "warning", text, advice)


def _models(health: HealthMessage) -> Iterator[Problem]:
    models, heat = health.models, health.cpu_temperature_c
    if models.status != "ok":
        yield Problem("models", "failed", models.error or "they fail", "the log tells: journalctl -u dms")
    elif models.error is not None:
        yield Problem("models", "warning", models.error, "put sound files there, then systemctl reload dms")
    if heat is not None and heat >= HOT_C:
        yield Problem("heat", "warning", f"the processor has {heat:.0f} °C and slows itself down", "give it air")
    if models.load != "all":
        text = f"the processor is too hot or too slow: {models.load.replace('_', ' ')}"
        yield Problem("load", "warning", text, "cool it, or end what runs beside it; eyes are still seen")


def _broker(health: HealthMessage) -> Iterator[Problem]:
    broker = health.broker
    waits = f"{broker.outbox} alert messages wait" if broker.outbox else "alerts will wait"
    if broker.status == "refused":
        advice = f"check mqtt.login_file and the broker's rights; {waits}"
        yield Problem("broker", "warning", f"it refuses this vehicle: {broker.error}", advice)
    elif broker.status == "unreachable" and health.uptime_s >= _SETTLE_S:
        text = f"it cannot be reached{f': {broker.error}' if broker.error else ''}"
        yield Problem("broker", "warning", text, f"mqtt.host and the network; {waits}, buzzer and hook do not")
    elif broker.error is not None and broker.status == "ok":
        yield Problem("broker", "warning", broker.error, "raise the broker's limits")


def _keeping(health: HealthMessage, free_mb: float | None) -> Iterator[Problem]:
    """Yield what is to be kept on disk, and what the vehicle itself does."""
    broker = health.broker
    if broker.outbox_error is not None:
        text = f"alerts are kept in memory only: {broker.outbox_error}"
        yield Problem("outbox", "warning", text, "dms check says whose the folder must be; a restart loses them")
    if broker.damage is not None:
        yield Problem("outbox", "warning", f"damaged on disk: {broker.damage}", "try another card; *.broken is kept")
    if free_mb is not None and free_mb < FREE_MB:
        yield Problem("disk", "warning", f"only {free_mb:.0f} MB are free", "delete something: traces, clips, logs")
    actions = health.actions
    if actions is not None and actions.error is not None:
        yield Problem("actions", "warning", actions.error, "mend it, then try it: dms test-alert")
    records = health.records
    if records is not None and records.error is not None:
        yield Problem("records", "warning", records.error, "nothing else is held up by it")
