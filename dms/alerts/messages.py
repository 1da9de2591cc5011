"""The messages on the wire, version 1.

Takes and gives nothing but data: pydantic models from which the JSON Schema and the AsyncAPI document are made, and
which a subscriber may use to read. A field may be added without a new version; a reader ignores what it does not
know. ``schema_version`` rises when a field goes away or changes its meaning. Unknown is ``null``, never 0 or false.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self
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
from typing_extensions import TypeAliasType

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
    """UTC with milliseconds and Z, as in ``2026-05-01T12:00:00.000Z``."""
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


CameraStatus = TypeAliasType("CameraStatus", Literal["ok", "lost", "dark", "covered"])
Onlooker = TypeAliasType("Onlooker", Literal["here", "page"])
CameraFaultName = TypeAliasType("CameraFaultName", Literal["unplugged", "stalled", "frozen", "wrong_size"])
ModelsStatus = TypeAliasType("ModelsStatus", Literal["ok", "failed"])
ModelsLoad = TypeAliasType("ModelsLoad", Literal["all", "less_emotion", "less_mouth", "less_frames"])
BrokerStatus = TypeAliasType("BrokerStatus", Literal["ok", "unreachable", "refused"])
ServiceStatus = TypeAliasType("ServiceStatus", Literal["running", "stopped"])
MqttVersion = TypeAliasType("MqttVersion", Literal["5", "3.1.1"])
# aliases with a name: a generated client gets an enum of that name


class Message(BaseModel):
    """What every message shares."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, ser_json_inf_nan="null", json_schema_serialization_defaults_required=True
    )

    schema_version: Literal[1] = Field(1, description="Rises only when a field goes or changes meaning.")
    at: Utc = Field(description="When it was judged or measured, UTC.")
    clock: ClockQuality = Field(description="How far the UTC times of this message can be believed.")

    def to_json(self) -> str:
        """The payload on the wire: one line of JSON in the order of the fields."""
        return self.model_dump_json()


_NUMBERS = (
    *("closed_s", "longest_closed_s", "counted_s", "open_s", "perclos", "valid_share", "speed_kmh", "calibrated"),
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
"""One step in the life of an alert; ``kind`` tells which."""
ALERT: TypeAdapter[AlertMessage] = TypeAdapter(AlertMessage)
"""Reads one from JSON."""


class EmotionShares(BaseModel):
    """Smoothed probabilities of the eight FER+ classes."""

    model_config = ConfigDict(extra="ignore", frozen=True, json_schema_serialization_defaults_required=True)

    neutral: Share
    happiness: Share
    surprise: Share
    sadness: Share
    anger: Share
    disgust: Share
    fear: Share
    contempt: Share


class OpenAlert(BaseModel):
    """An alert that has started and not ended."""

    model_config = ConfigDict(extra="ignore", frozen=True, json_schema_serialization_defaults_required=True)

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
    emotions: EmotionShares | None = Field(description="Smoothed probabilities of the FER+ classes.")
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
        None, description="Seconds that the eyes have looked down or aside; 0 on the road, null unknown."
    )
    distraction: DistractionLevel | None = Field(None, description="Level of the open distraction alert.")


class ModelInfo(BaseModel):
    """A model that is loaded."""

    model_config = ConfigDict(extra="ignore", frozen=True, json_schema_serialization_defaults_required=True)

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
    """The same value with every address in it cut down to what may be told."""
    if isinstance(value, dict):
        return {key: _masked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner) for inner in value]
    return without_secrets(value) if isinstance(value, str) else value


class CameraHealth(BaseModel):
    """The camera's own health."""

    model_config = ConfigDict(extra="ignore", frozen=True, json_schema_serialization_defaults_required=True)

    status: CameraStatus = Field(description="Whether it gives pictures that can be judged.")
    fault: CameraFaultName | None = Field(None, description="What is wrong with a camera that is lost.")
    width: int | None = Field(None, ge=1, description="Width of the newest picture, upright, pixels.")
    height: int | None = Field(None, ge=1, description="Height of the newest picture, upright, pixels.")
    frames_per_s: float | None = Field(ge=0, description="Captured frames per second over the last interval.")
    dropped: int = Field(ge=0, description="Frames that a newer one replaced, since the start.")
    reconnects: int = Field(ge=0, description="Times that the camera was opened again, since the start.")
    error: str | None = Field(description="Why there are no pictures.")


class ModelsHealth(BaseModel):
    """The models' own health."""

    model_config = ConfigDict(extra="ignore", frozen=True, json_schema_serialization_defaults_required=True)

    status: ModelsStatus = Field(description="Whether inference works.")
    hashes: dict[str, str] = Field(
        description="First 12 digits of each loaded model's SHA-256, by the model's name; info has them whole."
    )
    stage_ms: dict[str, float | None] = Field(
        description="Mean milliseconds a run of each stage took over the last interval."
    )
    error: str | None = Field(description="Why inference fails, or why the shipped models stand in for others.")
    load: ModelsLoad = Field(
        "all",
        description="What a processor that is hot or loses frames leaves out, each with those before it: emotion and "
        "mouth are measured less often, then every other frame is left out; eyes are seen in every frame that is.",
    )


class BrokerHealth(BaseModel):
    """The health of the way out, as the daemon last knew it."""

    model_config = ConfigDict(extra="ignore", frozen=True, json_schema_serialization_defaults_required=True)

    status: BrokerStatus = Field(description="Whether messages get through.")
    protocol: MqttVersion | None = Field(None, description="Version of MQTT that the broker has accepted; null before.")
    outbox: int = Field(ge=0, description="Alert messages that wait for an acknowledgement.")
    outbox_error: str | None = Field(description="Why alerts are kept in memory instead of on disk.")
    dropped: int = Field(ge=0, description="Alert messages dropped from a full outbox, ever.")
    damaged: int = Field(
        0,
        ge=0,
        description="Alert messages lost or put aside because their copy on disk was damaged, ever; an unknown number "
        "counts as 1.",
    )
    damage: str | None = Field(None, description="What was damaged on disk, as found since the start.")
    connects: int = Field(ge=0, description="Connections made since the start.")
    inputs_rejected: int = Field(ge=0, description="Input messages refused since the start.")
    latency_s: Seconds | None = Field(description="Capture to PUBACK: median of the latest messages sent at once.")
    latency_p99_s: Seconds | None = Field(description="Capture to PUBACK: 99th percentile of the same.")
    error: str | None = Field(description="What was wrong with the broker or its last answer.")


class ActionsHealth(BaseModel):
    """How the local actions (hook, buzzer, light) went since the start or the last reload that changed them."""

    model_config = ConfigDict(extra="ignore", frozen=True, json_schema_serialization_defaults_required=True)

    done: int = Field(ge=0, description="Alert messages acted on.")
    failed: int = Field(ge=0, description="Alert messages on which an action failed.")
    dropped: int = Field(ge=0, description="Alert messages left out: too many in a minute, or the action was busy.")
    error: str | None = Field(description="Why an action failed the last time; null when it did not.")


class RecordsHealth(BaseModel):
    """How the records for replay are doing."""

    model_config = ConfigDict(extra="ignore", frozen=True, json_schema_serialization_defaults_required=True)

    clips: int = Field(ge=0, description="Clips of video kept since the start.")
    error: str | None = Field(description="Why the trace or the last clip was not kept; null when all is well.")


class HealthMessage(Message):
    """How the daemon and its parts are doing; sent periodically.

    ``status`` and the availability topic together tell a daemon that was stopped (``offline`` and ``stopped``) from
    one that was lost (``offline`` and still ``running``).
    """

    status: ServiceStatus = Field(description="Stopped is the last word of a daemon that ends on purpose.")
    uptime_s: Seconds = Field(description="Seconds since the daemon started.")
    camera: CameraHealth
    models: ModelsHealth
    broker: BrokerHealth
    actions: ActionsHealth | None = Field(None, description="The local actions; null where there are none.")
    records: RecordsHealth | None = Field(None, description="What is recorded; null where nothing is.")
    aim: Onlooker | None = Field(
        None,
        description="Who looks through the camera with dms aim: somebody at the machine, or whoever has the code of "
        "the page that it serves; null when nobody does.",
    )
    rss_mb: float | None = Field(ge=0, description="Resident memory, MB (10^6 bytes).")
    cpu_temperature_c: float | None = Field(description="Temperature of the processor, degrees Celsius.")

    def stopped(self, at: datetime) -> Self:
        """The same report as a last word."""
        return self.model_copy(update={"status": "stopped", "at": at})
