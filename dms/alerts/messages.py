"""The messages on the wire, version 1.

Takes and gives nothing but data: pydantic models from which the JSON Schema and the AsyncAPI document are made, and
which a subscriber may use to read. A field may be added without a new version; a reader ignores what it does not
know. ``schema_version`` rises when a field goes away or changes its meaning. Unknown is ``null``, never 0 or false.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    WithJsonSchema,
    field_validator,
)
from pydantic.config import JsonDict

from dms.alerts.clock import ClockQuality
from dms.config.frames import without_secrets
from dms.driver.state import (
    AlertKind,
    AngerLevel,
    Condition,
    Degraded,
    DistractionLevel,
    Eyes,
    FatigueLevel,
    HeldBack,
    Looking,
    Phase,
)

SCHEMA_VERSION = 1

ONLINE = "online"
OFFLINE = "offline"


def rfc3339(moment: datetime) -> str:
    """Return UTC with milliseconds and Z, as in ``2026-05-01T12:00:00.000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Utc = Annotated[
    AwareDatetime,
    PlainSerializer(rfc3339, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$",
            "examples": ["2026-05-01T12:00:00.000Z"],
        }
    ),
]
"""A moment in UTC; on the wire RFC 3339 with milliseconds and Z."""

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]


class Part(BaseModel):
    """What every message shares with the records in it: unknown fields are let through, nothing changes."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, defer_build=True, json_schema_serialization_defaults_required=True
    )


class Message(Part):
    """What every message shares."""

    model_config = ConfigDict(ser_json_inf_nan="null")

    schema_version: Literal[1] = Field(1, description="Rises only when a field goes or changes meaning.")
    at: Utc = Field(description="When it was judged or measured, UTC.")
    clock: ClockQuality = Field(description="How far the UTC times of this message can be believed.")

    def to_json(self) -> str:
        """Return the payload on the wire: one line of JSON in the order of the fields."""
        return self.model_dump_json()


_NUMBERS = (
    *("closed_s", "longest_closed_s", "counted_s", "open_s", "perclos", "valid_share", "speed_kmh", "calibrated"),
    *("droops", "slow_closures", "blink_ratio", "yawns", "nods"),
    *("anger_score", "anger", "resting_anger", "irritated_s", "angry_s"),
    *("eyes_off_road_s", "limit_s"),
)
_EVIDENCE: JsonDict = {
    "properties": {
        **{name: {"type": ["number", "null"]} for name in _NUMBERS},
        **{name: {"type": ["string", "null"]} for name in ("cause", "explanation", "signs", "looking")},
    }
}


class _Alert(Message):
    session: str | None = Field(
        None, description="The run of the daemon that raised it; null for an alert that the first release raised."
    )
    kind: AlertKind
    level: FatigueLevel | AngerLevel | DistractionLevel
    event_id: UUID = Field(description="Names the alert: its start, updates and end share it.")
    phase: Phase = Field(description="start, update or end.")
    started_at: Utc = Field(
        description="When what the alert is about began (for a closure: when the eyes closed), UTC."
    )
    sequence: int = Field(
        ge=1,
        description="Counts the messages of this alert topic of this vehicle and never restarts. Together with "
        "event_id it tells a repeat; a gap means that updates were dropped while the broker was away.",
    )
    evidence: Annotated[dict[str, float | str | None], Field(json_schema_extra=_EVIDENCE)] = Field(
        description="The numbers that raised it, units in their names. Each may be absent, and more may come."
    )
    test: bool = Field(
        False, description="Somebody tries the alert (dms test-alert): nobody was judged, and nobody is in danger."
    )
    late_s: Seconds | None = Field(
        description="Seconds from the judgement to this attempt to deliver it. Null when it cannot be known: the "
        "machine was restarted before its clock was good. A repeat differs in this field."
    )


class FatigueAlertMessage(_Alert):
    """One step in the life of a fatigue alert."""

    kind: Literal[AlertKind.FATIGUE] = AlertKind.FATIGUE
    level: FatigueLevel = Field(description="Highest level reached so far within this alert.")


class AngerAlertMessage(_Alert):
    """One step in the life of an anger alert."""

    kind: Literal[AlertKind.ANGER] = AlertKind.ANGER
    level: AngerLevel = Field(description="Highest level reached so far within this alert.")


class DistractionAlertMessage(_Alert):
    """One step in the life of a distraction alert; off unless ``driver.distraction.enabled``."""

    kind: Literal[AlertKind.DISTRACTION] = AlertKind.DISTRACTION
    level: DistractionLevel = Field(description="Highest level reached so far within this alert.")


AlertMessage = FatigueAlertMessage | AngerAlertMessage | DistractionAlertMessage
"""One step in the life of an alert; ``kind`` says which."""
ALERT: TypeAdapter[AlertMessage] = TypeAdapter(AlertMessage, config=ConfigDict(defer_build=True))
"""Reads one from JSON."""


class EmotionShares(Part):
    """Smoothed probabilities of the eight FER+ classes; anger is that of frowns and shouts, as it is judged."""

    neutral: Share
    happiness: Share
    surprise: Share
    sadness: Share
    anger: Share
    disgust: Share
    fear: Share
    contempt: Share


class OpenAlert(Part):
    """An alert that has started and not ended."""

    kind: AlertKind
    event_id: UUID = Field(description="Names the alert, for cmd/ack.")


class StateMessage(Message):
    """The driver at one moment."""

    session: str | None = Field(None, description="Names this run of the daemon; null from the first release.")
    sequence: int = Field(ge=1, description="Counts the state messages of this session.")
    condition: Condition = Field(description="The driver in one word.")
    degraded: Degraded | None = Field(description="Why the driver cannot be judged; null when not degraded.")
    face: bool | None = Field(description="True present, false absent, null unknown.")
    eyes: Eyes = Field(description="Both eyes together.")
    closed_s: Seconds | None = Field(description="Seconds that the eyes have been closed now; 0 open, null unknown.")
    perclos: Share | None = Field(description="Share of valid time with closed eyes over the PERCLOS window.")
    valid_share: Share = Field(description="Share of the PERCLOS window in which the eyes were known.")
    fatigue: FatigueLevel | None = Field(description="Level of the open fatigue alert.")
    anger: AngerLevel | None = Field(description="Level of the open anger alert.")
    anger_score: Share | None = Field(description="Smoothed anger probability above this driver's own resting face.")
    emotions: EmotionShares | None = Field(
        description="Smoothed probabilities of the FER+ classes; anger as it is judged."
    )
    held_back: HeldBack | None = Field(
        None,
        description="What holds back a fatigue alert that the eyes by themselves would raise: why PERCLOS may be high "
        "beside 'attentive'. Null when nothing does, or an alert is open.",
    )
    open_alerts: tuple[OpenAlert, ...] = Field(
        (), description="Alerts that have started and not ended, so that one who comes late can acknowledge them."
    )
    calibrated: Share = Field(description="Share of the driver's baseline that has been learned.")
    looking: Looking | None = Field(
        None, description="Where the open eyes look; null unknown and while they are closed."
    )
    eyes_off_road_s: Seconds | None = Field(
        None,
        description="Seconds that the eyes have looked down or aside; 0 once they are back on the road, null unknown.",
    )
    distraction: DistractionLevel | None = Field(None, description="Level of the open distraction alert.")


class ModelInfo(Part):
    """A model that is loaded."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the .tflite file.")


class InfoMessage(Message):
    """What runs in the vehicle. It changes only when the daemon starts or reloads."""

    version: str = Field(description="Version of dms.")
    session: str = Field(
        description="Names this run of the daemon; a reload that changes limits or models begins a new one."
    )
    models: dict[str, ModelInfo] = Field(description="Loaded models by name.")
    config: dict[str, object] = Field(description="The configuration; of an address only scheme, host and port.")

    @field_validator("config", mode="before")
    @classmethod
    def _hide_secrets(cls, config: object) -> object:
        return _masked(config)


def _masked(value: object) -> object:
    """Return the same value with every address in it cut down to what may be published."""
    if isinstance(value, dict):
        return {key: _masked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner) for inner in value]
    return without_secrets(value) if isinstance(value, str) else value
