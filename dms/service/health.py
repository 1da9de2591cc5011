"""How the daemon and its parts are doing, in numbers.

Takes what the parts say of themselves, gives a ``HealthMessage`` from time to time. Judges nothing.
"""

import os
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dms.alerts.clock import Clock
from dms.alerts.delivery.progress import PublisherStatus
from dms.alerts.health import ActionsHealth, BrokerHealth, CameraHealth, HealthMessage, ModelsHealth, RecordsHealth
from dms.driver.state import Degraded
from dms.frames.fault import CameraFault
from dms.frames.live import CaptureStatus

_STATM = Path("/proc/self/statm")
_TEMPERATURE = Path("/sys/class/thermal/thermal_zone0/temp")
_CAMERA_STATUS = {Degraded.CAMERA_LOST: "lost", Degraded.DARK: "dark", Degraded.COVERED: "covered"}
_NEWS_S = 0.5
"""Least time between two reports, seconds, when the camera's condition changes."""


_RATE_S = 5.0
"""The frame rate that is reported at any moment is over so many seconds."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the parts say of themselves.

    Attributes:
        degraded: Why the driver cannot be judged, None when nothing is in the way.
        capture: The capture.
        models: Perception.
        publisher: Delivery.
        actions: The local actions, None where there are none.
        records: The records, None where nothing is kept.
        aim: Who looks through the camera, None when nobody does.
    """

    degraded: Degraded | None
    capture: CaptureStatus
    models: ModelsHealth
    publisher: PublisherStatus
    actions: ActionsHealth | None
    records: RecordsHealth | None
    aim: Literal["here", "page"] | None = None


class HealthReporter:
    """Makes a report every so often.

    Args:
        clock: The frames' clock and its UTC.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started = self._reported = clock.now()
        self._frames = 0
        self._recent = deque([(self._started, 0)])
        self._camera: tuple[str, CameraFault | None] = ("ok", None)

    def due(self, interval_s: float, degraded: Degraded | None, capture: CaptureStatus) -> bool:
        """Return whether the last report is so many seconds old, or says something else of the camera."""
        age_s = self._clock.now() - self._reported
        return age_s >= interval_s or (age_s >= _NEWS_S and _condition(degraded, capture) != self._camera)

    @property
    def started(self) -> float:
        """When the daemon started, seconds on the frames' clock."""
        return self._started

    def report(self, parts: Parts) -> HealthMessage:
        """Make a report of the time since the last one."""
        now = self._clock.now()
        interval_s, frames = max(now - self._reported, 1e-3), parts.capture.frames - self._frames
        self._reported, self._frames = now, parts.capture.frames
        self._camera = _condition(parts.degraded, parts.capture)
        return self._message(parts, now, frames / interval_s)

    def count(self, capture: CaptureStatus) -> None:
        """Note how far the capture is, so that ``look`` can report a frame rate."""
        now, recent = self._clock.now(), self._recent
        if now - recent[-1][0] >= _RATE_S / 10:
            recent.append((now, capture.frames))
            while now - recent[0][0] > _RATE_S:
                recent.popleft()

    def look(self, parts: Parts) -> HealthMessage:
        """Return the same at any moment, for whoever asks: no report that is sent differs because somebody looked."""
        now = self._clock.now()
        began, frames = self._recent[0]
        return self._message(parts, now, (parts.capture.frames - frames) / max(now - began, 1e-3))

    def _message(self, parts: Parts, now: float, frames_per_s: float) -> HealthMessage:
        stamp, capture, publisher = self._clock.stamp(now), parts.capture, parts.publisher
        status, fault = _condition(parts.degraded, capture)
        width, height = capture.size or (None, None)
        broker = "refused" if publisher.refused else "ok" if publisher.connected else "unreachable"
        return HealthMessage.model_validate(
            {
                "at": stamp.at,
                "clock": stamp.quality,
                "status": "running",
                "uptime_s": round(now - self._started, 1),
                "camera": CameraHealth.model_validate(
                    {
                        "status": status,
                        "fault": fault,
                        "width": width,
                        "height": height,
                        "frames_per_s": round(frames_per_s, 2),
                        "dropped": capture.dropped,
                        "reconnects": capture.reconnects,
                        "error": capture.error,
                    }
                ),
                "models": parts.models,
                "broker": BrokerHealth.model_validate(
                    {
                        "status": broker,
                        "protocol": publisher.protocol,
                        "outbox": publisher.outbox,
                        "outbox_error": publisher.outbox_error,
                        "dropped": publisher.dropped,
                        "damaged": publisher.damaged,
                        "damage": publisher.damage,
                        "connects": publisher.connects,
                        "inputs_rejected": publisher.inputs_rejected,
                        "latency_s": _rounded(publisher.latency_s),
                        "latency_p99_s": _rounded(publisher.latency_p99_s),
                        "error": publisher.error,
                    }
                ),
                "actions": parts.actions,
                "records": parts.records,
                "aim": parts.aim,
                "rss_mb": rss_mb(),
                "cpu_temperature_c": cpu_temperature_c(),
            }
        )


def _condition(degraded: Degraded | None, capture: CaptureStatus) -> tuple[str, CameraFault | None]:
    """Return the camera in one word, as the state has it or sooner, and what is wrong with it."""
    if capture.fault is not None or degraded is None:
        return ("ok" if capture.fault is None else "lost"), capture.fault
    return _CAMERA_STATUS.get(degraded, "ok"), None


def _rounded(seconds: float | None) -> float | None:
    """To what a latency over a network means: tenths of a millisecond."""
    return None if seconds is None else round(seconds, 4)


def rss_mb() -> float | None:
    """Resident memory of this process in MB (10^6 bytes), None where the kernel does not say."""
    try:
        pages = int(_STATM.read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return None
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


def cpu_temperature_c(zone: Path = _TEMPERATURE) -> float | None:
    """Temperature of the processor in degrees Celsius, None where there is no sensor."""
    try:
        return int(zone.read_text(encoding="ascii")) / 1000
    except (OSError, ValueError):
        return None
