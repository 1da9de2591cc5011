"""Small builders and helpers that these tests share."""

import json
from pathlib import Path
from typing import Any

from dms.alerts.clock import Clock, Stamp
from dms.alerts.delivery.entry import Entry
from dms.alerts.delivery.outbox import Outbox
from dms.alerts.delivery.publisher import Publisher
from dms.alerts.encoder import Encoder
from dms.alerts.inputs import Input
from dms.alerts.topics import Topics
from dms.config.alerts import MqttSettings
from dms.driver.state import (
    Alert,
    AlertKind,
    AngerLevel,
    Condition,
    DistractionLevel,
    DriverState,
    Eyes,
    FatigueLevel,
    Phase,
)

VEHICLE = "van-7"
FATIGUE = f"dms/{VEHICLE}/alert/fatigue"
ANGER = f"dms/{VEHICLE}/alert/anger"
GOOD_UTC = 1_800_000_000.0
"""2027-01-15T08:00:00Z."""


LEVELS: dict[AlertKind, FatigueLevel | AngerLevel | DistractionLevel] = {
    AlertKind.FATIGUE: FatigueLevel.MICROSLEEP,
    AlertKind.ANGER: AngerLevel.ANGRY,
    AlertKind.DISTRACTION: DistractionLevel.EYES_OFF_ROAD,
}


class Times:
    """A wall clock, a monotonic clock and a kernel in the hands of the test."""

    def __init__(self, monotonic: float = 100.0, utc: float = GOOD_UTC, disciplined: bool = True) -> None:
        self.monotonic = monotonic
        self.utc = utc
        self.disciplined = disciplined

    def clock(self, trust: bool = False) -> Clock:
        return Clock(trust, lambda: self.monotonic, lambda: self.utc, lambda: self.disciplined)

    def passes(self, seconds: float) -> None:
        self.monotonic += seconds
        self.utc += seconds


def alert(
    phase: Phase = Phase.START,
    episode: int = 1,
    kind: AlertKind = AlertKind.FATIGUE,
    t: float = 102.0,
    started_t: float = 100.5,
    **evidence: float | str | None,
) -> Alert:
    return Alert(kind, phase, LEVELS[kind], episode, started_t, t, evidence or {"closed_s": 1.5, "perclos": None})


def life(episode: int, t: float, updates: int = 1, kind: AlertKind = AlertKind.FATIGUE) -> list[Alert]:
    """A whole alert: start, updates, end."""
    phases = [Phase.START, *[Phase.UPDATE] * updates, Phase.END]
    return [alert(phase, episode, kind, t, t - 1.5) for phase in phases]


def state(t: float = 102.0, condition: Condition = Condition.ATTENTIVE, **changes: Any) -> DriverState:
    values: dict[str, Any] = {
        "t": t,
        "condition": condition,
        "degraded": None,
        "face": True,
        "eyes": Eyes.OPEN,
        "closed_s": 0.0,
        "perclos": 0.02,
        "valid_share": 1.0,
        "fatigue": None,
        "anger": None,
        "anger_score": 0.1,
        "emotions": None,
        "calibrated": 0.5,
    }
    return DriverState(**{**values, **changes})


def entry(phase: Phase = Phase.START, sequence: int = 1, topic: str = FATIGUE, text: str = "") -> Entry:
    kind = AlertKind.ANGER if topic == ANGER else AlertKind.FATIGUE
    encoder = Encoder(VEHICLE, "session", Stamp, {topic: sequence - 1})
    payload = encoder.alert(alert(phase, sequence, kind, text=text)).to_json()
    return Entry(topic, phase, sequence, payload, "this-boot", 102.0, 100.5)


class Vehicle:
    """A publisher with all that belongs to it."""

    def __init__(
        self, folder: Path, port: int, session: str = "session", clock: Clock | None = None, **mqtt: Any
    ) -> None:
        fast = {"port": port, "host": "127.0.0.1", "retry_min_s": 0.05, "retry_max_s": 0.2, "outbox_limit": 100_000}
        self.settings = MqttSettings.model_validate({**fast, **mqtt})
        self.outbox = Outbox(folder / "outbox.sqlite", self.settings.outbox_limit)
        self.clock = clock or Clock(trust=True)
        sequences = {topic: self.outbox.last_sequence(topic) for topic in map(Topics(VEHICLE).alert, AlertKind)}
        self.encoder = Encoder(VEHICLE, session, self.clock.stamp, sequences)
        self.inputs: list[Input] = []
        self.publisher = Publisher(self.settings, self.encoder, self.outbox, self.clock, self.inputs.append)

    def start(self) -> "Vehicle":
        self.publisher.start()
        return self

    def raise_alert(self, phase: Phase, episode: int, kind: AlertKind = AlertKind.FATIGUE) -> None:
        now = self.clock.now()
        self.publisher.alert(alert(phase, episode, kind, now, now - 1.5))

    def tell_state(self, condition: Condition = Condition.ATTENTIVE) -> None:
        self.publisher.state(state(self.clock.now(), condition))

    def is_delivered(self) -> bool:
        return len(self.outbox) == 0

    def stop(self, timeout_s: float = 5.0) -> None:
        self.publisher.stop(timeout_s)
        self.outbox.close()


def steps(payloads: list[str]) -> list[tuple[int, str, str]]:
    """(sequence, event id, phase) of each alert message, repeats left out, in order of arrival."""
    seen: dict[tuple[int, str, str], None] = {}
    for payload in payloads:
        fields = json.loads(payload)
        seen[fields["sequence"], fields["event_id"], fields["phase"]] = None
    return list(seen)
