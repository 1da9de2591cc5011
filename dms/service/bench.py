"""Measures the daemon on this machine: from a picture to a subscriber, and what it takes meanwhile.

Takes a configuration and a recording, plays it through a daemon and a broker of its own on loopback, gives figures.
"""

import json
import logging
import resource
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import paho.mqtt.client as mqtt

from dms.alerts.client import new_client
from dms.alerts.mosquitto import mosquitto
from dms.alerts.topics import Topics
from dms.config import ActionSettings, Config, MqttSettings, ObdSettings, with_values
from dms.errors import WorldError
from dms.service.daemon import Daemon

_STATE_INTERVAL_S = 0.2
"""The least that there is: each state is one measurement."""


@dataclass(frozen=True, slots=True)
class DaemonBench:
    """What the daemon does on this machine.

    Attributes:
        messages: States and alerts that were measured.
        latency_ms: Median from the moment at which a picture is due to a subscriber's hearing of it: decoding, seeing,
            judging and delivery.
        latency_p99_ms: 99th percentile of the same.
        cpu_share: Processor time over time, of one core.
        rss_mb: Peak resident memory of daemon and subscriber, which share a process, MB (10^6 bytes).
    """

    messages: int
    latency_ms: float
    latency_p99_ms: float
    cpu_share: float
    rss_mb: float

    warnings: ClassVar[tuple[str, ...]] = ()

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return asdict(self)

    def text(self) -> str:
        """Return everything as lines for people."""
        return (
            f"picture to subscriber {self.latency_ms:.1f} ms median, {self.latency_p99_ms:.1f} ms 99 %, of "
            f"{self.messages} messages\n{self.cpu_share:.1%} of a core, {self.rss_mb:.0f} MB peak"
        )


class _Listener:
    """A subscriber that notes how old each message is when it comes."""

    def __init__(self, settings: MqttSettings, port: int, topics: Topics) -> None:
        self.ages_s: list[float] = []
        self._topics = topics
        self._online_at = float("inf")
        self._client = new_client(settings, "dms-bench")
        self._client.on_message = self._hear
        heard = (topics.availability, topics.state, topics.every_alert)
        self._client.on_connect = lambda client, *_: client.subscribe([(topic, 1) for topic in heard])
        self._client.connect(settings.host, port)
        self._client.loop_start()

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()

    def _hear(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        now = time.time()
        if message.topic == self._topics.availability:
            self._online_at = now if message.payload == b"online" else float("inf")
        else:
            at = datetime.fromisoformat(json.loads(message.payload)["at"]).timestamp()
            # what was judged before has waited for the connection
            if at > self._online_at:
                self.ages_s.append(now - at)


def bench_daemon(config: Config, recording: Path) -> DaemonBench:
    """Play a recording in real time through the daemon.

    Args:
        config: Limits, rates and models. Its broker, its actions and the vehicle's bus are left alone.
        recording: A video.

    Raises:
        UserError: The recording or a model cannot be used.
        WorldError: Mosquitto is not installed, does not work, or heard nothing.
    """
    logging.getLogger("dms").addHandler(logging.NullHandler())
    with mosquitto() as port, tempfile.TemporaryDirectory(prefix="dms-bench-") as folder:
        if port is None:
            raise WorldError("Mosquitto is not installed: apt install mosquitto")
        config = with_values(config, "camera", source=str(recording))
        mqtt = MqttSettings(host="127.0.0.1", port=port, trust_clock=True)
        # the alerts of a recording are no reason to sound a buzzer or to call for help
        config = config.model_copy(update={"mqtt": mqtt, "actions": ActionSettings(), "obd": ObdSettings()})
        config = with_values(config, "service", state_dir=Path(folder), state_interval_s=_STATE_INTERVAL_S)
        daemon = Daemon(config)
        listener = _Listener(config.mqtt, port, Topics(config.vehicle.id))
        began, cpu_began = time.monotonic(), time.process_time()
        try:
            daemon.run()
        finally:
            took_s, cpu_s = time.monotonic() - began, time.process_time() - cpu_began
            listener.close()
    ages_s = sorted(listener.ages_s)
    if not ages_s:
        raise WorldError(f"{recording} is over before the daemon has reached the broker: take a longer recording")
    return DaemonBench(
        messages=len(ages_s),
        latency_ms=round(ages_s[len(ages_s) // 2] * 1000, 1),
        latency_p99_ms=round(ages_s[int(0.99 * (len(ages_s) - 1))] * 1000, 1),
        cpu_share=round(cpu_s / took_s, 4),
        rss_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, 1),
    )
