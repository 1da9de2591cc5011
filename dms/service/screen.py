"""The status of a running daemon on one screen, what is wrong first.

Takes a ``Status``, gives lines in rich's markup.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from rich.markup import escape

from dms.alerts.console import held_back_in_words
from dms.alerts.health import BrokerHealth, CameraHealth, HealthMessage
from dms.alerts.messages import AlertMessage
from dms.service.problems import Verdict
from dms.service.status import DriverStatus, Status
from dms.wording import counted

_COLOURS: dict[Verdict, str] = {"ok": "green", "warning": "yellow", "failed": "red"}
_WIDTH = 10


@dataclass(frozen=True, slots=True)
class StatusReport:
    """The status of a running daemon for people and for machines.

    Attributes:
        status: What the daemon answered.
    """

    status: Status
    warnings: ClassVar[tuple[str, ...]] = ()

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return self.status.to_json()

    def text(self) -> str:
        """Return everything as lines for a terminal, in rich's markup."""
        return "\n".join(screen(self.status))


def screen(status: Status) -> list[str]:
    """Return everything for people, a line each."""
    lines: list[str] = []
    for problem in status.problems:
        lines.append(_line(problem.verdict, problem.part, escape(problem.text)))
        lines.append(f"{'':<9}{'':<{_WIDTH}} [bold]{escape(problem.advice)}[/]")
    if status.daemon is None or status.health is None:
        return lines
    health, daemon = status.health, status.daemon
    if not lines:
        lines.append(_line("ok", "driver", "is watched"))
    lines.append("")
    age = _ago(health.at, daemon.since)
    run = f"dms {daemon.version} watches {daemon.source} as vehicle {daemon.vehicle}, process {daemon.pid}"
    parts = [
        ("daemon", f"{run}, for {age} (since {_utc(daemon.since)}, clock {health.clock})"),
        ("driver", _driver(status.driver, health.at)),
        ("camera", _camera(health.camera)),
        ("models", f"{health.models.status}, {len(health.models.hashes)} loaded, load {health.models.load}"),
        ("broker", _broker(health.broker)),
        ("outbox", _outbox(health.broker)),
        ("last alert", _alert(status.last_alert, health.at)),
    ]
    if health.actions is not None:
        done = health.actions
        parts.append(("actions", f"{done.done} done, {done.failed} failed, {done.dropped} left out"))
    if health.records is not None:
        parts.append(("records", f"{counted(health.records.clips, 'clip')} kept"))
    parts.append(("machine", _machine(health, daemon.free_mb)))
    return [*lines, *(f"{part:<{_WIDTH}} {escape(text)}" for part, text in parts)]


def _line(verdict: Verdict, part: str, text: str) -> str:
    return f"[{_COLOURS[verdict]}]{verdict:<8}[/] {part:<{_WIDTH}} {text}"


def _driver(driver: DriverStatus | None, now: datetime) -> str:
    if driver is None:
        return "not judged yet"
    parts = (driver.condition, driver.fatigue, driver.anger, driver.distraction, driver.degraded)
    words = " ".join(part for part in parts if part)
    perclos = "unknown" if driver.perclos is None else f"{driver.perclos:.2f}"
    why = held_back_in_words(driver.held_back)
    since = "" if driver.since is None else f" for {_ago(now, driver.since)}"
    return f"{words}{since}, eyes {driver.eyes}, PERCLOS {perclos}, learned {driver.calibrated:.0%}{why}"


def _camera(camera: CameraHealth) -> str:
    size = "no picture yet" if camera.width is None else f"{camera.width}x{camera.height}"
    rate = "" if camera.frames_per_s is None else f", {camera.frames_per_s:.1f} pictures/s"
    again = counted(camera.reconnects, "time")
    return f"{camera.status}, {size}{rate}, {camera.dropped} left out, opened again {again}"


def _broker(broker: BrokerHealth) -> str:
    version = "" if broker.protocol is None else f", MQTT {broker.protocol}"
    latency = "" if broker.latency_s is None else f", an alert is there after {1000 * broker.latency_s:.0f} ms"
    return f"{broker.status}{version}{latency}"


def _outbox(broker: BrokerHealth) -> str:
    where = "on disk" if broker.outbox_error is None else "in memory only"
    return f"{broker.outbox} wait, {where}; ever dropped {broker.dropped}, damaged {broker.damaged}"


def _alert(alert: AlertMessage | None, now: datetime) -> str:
    if alert is None:
        return "none since the start"
    words = f"{alert.kind} {alert.level}"
    if alert.phase != "end":
        return f"{words}, open for {_ago(now, alert.started_at)}"
    return f"{words}, over for {_ago(now, alert.at)} ({alert.evidence.get('cause')})"


def _machine(health: HealthMessage, free_mb: float | None) -> str:
    heat = "no thermometer" if health.cpu_temperature_c is None else f"{health.cpu_temperature_c:.0f} °C"
    memory = "" if health.rss_mb is None else f", dms takes {health.rss_mb:.0f} MB of memory"
    return heat + memory + ("" if free_mb is None else f", {free_mb:,.0f} MB free on disk")


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _ago(now: datetime, then: datetime) -> str:
    """Return a text as in ``3 min 12 s``: the two largest units."""
    seconds = max(0, round((now - then) / timedelta(seconds=1)))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"
