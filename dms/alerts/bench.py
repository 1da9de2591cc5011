"""Measures delivery on this machine: latency to a subscriber, what the disk sustains, what a vehicle sends in an hour.

Takes a folder on the disk in question, gives figures. Starts a Mosquitto of its own on loopback where one is installed.
"""

import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from dms.alerts.client import new_client
from dms.alerts.clock import Clock, boot_id
from dms.alerts.delivery.entry import Entry
from dms.alerts.delivery.outbox import Outbox
from dms.alerts.delivery.publisher import Publisher
from dms.alerts.encoder import Encoder
from dms.alerts.health import BrokerHealth, CameraHealth, HealthMessage, ModelsHealth
from dms.alerts.mosquitto import mosquitto
from dms.alerts.topics import Topics
from dms.config.alerts import MqttSettings
from dms.driver.state import Alert, AlertKind, Condition, DriverState, Eyes, FatigueLevel, Phase
from dms.errors import WorldError
from dms.models import MODEL_NAMES
from dms.observation import Emotions

_VEHICLE = "van-7"
_ALERTS = 300
_PAUSE_S = 0.005
"""Between two alerts whose latency is measured, so that none waits for another."""
_PATIENCE_S = 10.0
_ALERTS_AN_HOUR = 2
"""A tired driver's: our assumption, start, update and end each. Awake drivers cause none."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What one vehicle sends in an hour.

    Attributes:
        messages: MQTT messages.
        payload_bytes: Bytes of JSON.
        wire_bytes: Bytes of MQTT packets with their acknowledgements, before TLS and TCP.
    """

    messages: int
    payload_bytes: int
    wire_bytes: int


@dataclass(frozen=True, slots=True)
class DeliveryBench:
    """What delivery costs on this machine.

    Attributes:
        latency_ms: Median from ``alert`` to a subscriber on loopback, sync to disk included; None without Mosquitto.
        latency_p99_ms: 99th percentile of the same.
        outbox_per_s: Alerts a second put on disk and forgotten again; both steps are synced, one alert at a time.
        hour: Traffic with a state each second and a health report every ten.
        quiet_hour: Traffic with a state and a health report each minute, for a metered network.
    """

    latency_ms: float | None
    latency_p99_ms: float | None
    outbox_per_s: float
    hour: Traffic
    quiet_hour: Traffic

    warnings: ClassVar[tuple[str, ...]] = ()

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return asdict(self)

    def text(self) -> str:
        """Return everything as lines for people."""
        latency = "alert to subscriber: mosquitto is not installed"
        if self.latency_ms is not None:
            latency = f"alert to subscriber {self.latency_ms:.2f} ms median, {self.latency_p99_ms:.2f} ms 99 %"
        lines = [latency, f"outbox {self.outbox_per_s:,.0f} alerts/s, each put and forgotten with a sync"]
        for name, traffic in (("vehicle-hour", self.hour), ("quiet vehicle-hour", self.quiet_hour)):
            sizes = f"{traffic.payload_bytes / 1e6:.3f} MB payload, {traffic.wire_bytes / 1e6:.3f} MB MQTT"
            lines.append(f"{name}: {traffic.messages:,} messages, {sizes}")
        return "\n".join(lines)


def bench_delivery(folder: Path) -> DeliveryBench:
    """Measure everything; takes some seconds.

    Args:
        folder: Where the outbox may stand for as long; its disk is what is measured.

    Raises:
        WorldError: The folder cannot be written, or the broker that was started does not work.
    """
    latencies: list[float] = []
    try:
        temporary = tempfile.TemporaryDirectory(prefix="dms-bench-", dir=folder)
    except OSError as error:
        raise WorldError(
            f"{folder} cannot be written ({error.strerror}): run dms bench in a folder of yours"
        ) from error
    with temporary as name, mosquitto() as port:
        if port is not None:
            latencies = sorted(_latencies(Path(name) / "latency.sqlite", port))
        outbox_per_s = _outbox_rate(Path(name) / "outbox.sqlite")
    return DeliveryBench(
        latency_ms=_quantile_ms(latencies, 0.5),
        latency_p99_ms=_quantile_ms(latencies, 0.99),
        outbox_per_s=round(outbox_per_s, 1),
        hour=vehicle_hour(state_interval_s=1.0, health_interval_s=10.0),
        quiet_hour=vehicle_hour(state_interval_s=60.0, health_interval_s=60.0),
    )


def vehicle_hour(state_interval_s: float, health_interval_s: float, alerts: int = _ALERTS_AN_HOUR) -> Traffic:
    """Reckon an hour's traffic from the size of real messages.

    Args:
        state_interval_s: Seconds between two states.
        health_interval_s: Seconds between two health reports.
        alerts: Alerts in the hour, each with start, update and end.
    """
    clock, topics = Clock(), Topics(_VEHICLE)
    encoder = Encoder(_VEHICLE, "bench", clock.stamp)
    alert = encoder.alert(_alert(Phase.UPDATE, 1, clock.now())).to_json()
    sent = [
        (topics.state, encoder.state(_state(clock.now())).to_json(), round(3600 / state_interval_s)),
        (topics.health, _health(clock).to_json(), round(3600 / health_interval_s)),
        (topics.alert(AlertKind.FATIGUE), alert, 3 * alerts),
    ]
    payload_bytes = sum(len(payload.encode()) * count for _, payload, count in sent)
    overhead = sum(_overhead(topic, payload) * count for topic, payload, count in sent)
    return Traffic(sum(count for *_, count in sent), payload_bytes, payload_bytes + overhead)


def _overhead(topic: str, payload: str) -> int:
    """Return the bytes around a payload with QoS 1 in MQTT 5: headers, topic, id, payload format, and the PUBACK."""
    variable = 2 + len(topic) + 2 + 1 + 2
    length = variable + len(payload.encode())
    return 1 + (1 if length < 128 else 2 if length < 16384 else 3) + variable + 4


def _outbox_rate(path: Path) -> float:
    clock, boot = Clock(), boot_id()
    encoder, outbox = Encoder(_VEHICLE, "bench", clock.stamp), Outbox(path, _ALERTS)
    start = time.perf_counter()
    for episode in range(1, _ALERTS + 1):
        alert = _alert(Phase.START, episode, clock.now())
        message = encoder.alert(alert)
        outbox.put(
            Entry(
                encoder.topic(alert), alert.phase, message.sequence, message.to_json(), boot, alert.t, alert.started_t
            )
        )
        outbox.remove([episode])
    taken_s = time.perf_counter() - start
    outbox.close()
    return _ALERTS / taken_s


def _latencies(path: Path, port: int) -> list[float]:
    settings, clock, outbox = MqttSettings(host="127.0.0.1", port=port), Clock(), Outbox(path, _ALERTS)
    encoder = Encoder(_VEHICLE, "bench", clock.stamp)
    publisher = Publisher(settings, encoder, outbox, clock)
    raised: list[float] = []
    heard: list[float] = []
    ready, all_heard = threading.Event(), threading.Event()
    subscriber = new_client(settings, "dms-bench")

    def on_message(*_: object) -> None:
        heard.append(time.perf_counter())
        if len(heard) == _ALERTS:
            all_heard.set()

    subscriber.on_message = on_message
    subscriber.on_subscribe = lambda *_: ready.set()
    subscriber.on_connect = lambda client, *_: client.subscribe(encoder.topics.every_alert, qos=1)
    subscriber.connect(settings.host, port)
    subscriber.loop_start()
    publisher.start()
    try:
        if not ready.wait(_PATIENCE_S) or not _connects(publisher):
            raise WorldError("the broker started for the measurement does not answer")
        for episode in range(1, _ALERTS + 1):
            raised.append(time.perf_counter())
            publisher.alert(_alert(Phase.START, episode, clock.now()))
            time.sleep(_PAUSE_S)
        if not all_heard.wait(_PATIENCE_S):
            raise WorldError("the broker started for the measurement does not deliver")
    finally:
        publisher.stop(_PATIENCE_S)
        outbox.close()
        subscriber.disconnect()
        subscriber.loop_stop()
    return [arrived - sent for sent, arrived in zip(raised, heard, strict=False)]


def _connects(publisher: Publisher) -> bool:
    deadline = time.monotonic() + _PATIENCE_S
    while not publisher.status.connected and time.monotonic() < deadline:
        time.sleep(0.01)
    return publisher.status.connected


def _quantile_ms(ordered_s: list[float], share: float) -> float | None:
    return round(ordered_s[int(share * (len(ordered_s) - 1))] * 1000, 3) if ordered_s else None


def _alert(phase: Phase, episode: int, t: float) -> Alert:
    evidence: dict[str, float | str | None] = {
        "cause": "closure",
        "closed_s": 1.533,
        "perclos": 0.1231,
        "valid_share": 0.9417,
    }
    return Alert(AlertKind.FATIGUE, phase, FatigueLevel.MICROSLEEP, episode, t - 1.5333, t, evidence)


def _state(t: float) -> DriverState:
    return DriverState(
        t=t,
        condition=Condition.ATTENTIVE,
        degraded=None,
        face=True,
        eyes=Eyes.OPEN,
        closed_s=0.0,
        perclos=0.0213,
        valid_share=0.9817,
        fatigue=None,
        anger=None,
        anger_score=0.0312,
        emotions=Emotions(0.7013, 0.1022, 0.0411, 0.0512, 0.0312, 0.0102, 0.0415, 0.0213),
        calibrated=1.0,
    )


def _health(clock: Clock) -> HealthMessage:
    stamp = clock.stamp(clock.now())
    return HealthMessage(
        at=stamp.at,
        clock=stamp.quality,
        status="running",
        uptime_s=3600.0,
        camera=CameraHealth(status="ok", frames_per_s=15.01, dropped=12, reconnects=0, error=None),
        models=ModelsHealth(
            status="ok",
            hashes=dict.fromkeys(MODEL_NAMES, "0" * 12),
            stage_ms={
                "face": 3.211,
                "landmarks": 2.412,
                "eyes": 0.812,
                "lids": 0.502,
                "mouth": 0.613,
                "emotion": 2.109,
            },
            error=None,
        ),
        broker=BrokerHealth(
            status="ok",
            outbox=0,
            outbox_error=None,
            dropped=0,
            connects=1,
            inputs_rejected=0,
            latency_s=0.0213,
            latency_p99_s=0.0614,
            error=None,
        ),
        rss_mb=91.2,
        cpu_temperature_c=61.3,
    )
