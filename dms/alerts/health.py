"""The message on the health of the daemon and its parts, version 1: data, like those in ``messages``."""

from datetime import datetime
from typing import Literal, Self

from pydantic import Field
from typing_extensions import TypeAliasType

from dms.alerts.messages import Message, Part, Seconds

# aliases with a name: a generated client gets an enum of that name
CameraStatus = TypeAliasType("CameraStatus", Literal["ok", "lost", "dark", "covered"])
Onlooker = TypeAliasType("Onlooker", Literal["here", "page"])
CameraFaultName = TypeAliasType("CameraFaultName", Literal["unplugged", "stalled", "frozen", "wrong_size"])
ModelsStatus = TypeAliasType("ModelsStatus", Literal["ok", "failed"])
ModelsLoad = TypeAliasType("ModelsLoad", Literal["all", "less_emotion", "less_mouth", "less_frames"])
BrokerStatus = TypeAliasType("BrokerStatus", Literal["ok", "unreachable", "refused"])
MqttVersion = TypeAliasType("MqttVersion", Literal["5", "3.1.1"])
ServiceStatus = TypeAliasType("ServiceStatus", Literal["running", "stopped"])


class CameraHealth(Part):
    """The camera's own health."""

    status: CameraStatus = Field(description="Whether it gives pictures that can be judged.")
    fault: CameraFaultName | None = Field(None, description="What is wrong with a camera that is lost.")
    width: int | None = Field(None, ge=1, description="Width of the newest picture, upright, pixels.")
    height: int | None = Field(None, ge=1, description="Height of the newest picture, upright, pixels.")
    frames_per_s: float | None = Field(ge=0, description="Captured frames per second over the last interval.")
    dropped: int = Field(ge=0, description="Frames that a newer one replaced, since the start.")
    reconnects: int = Field(ge=0, description="Times that the camera was opened again, since the start.")
    error: str | None = Field(description="Why there are no pictures.")


class ModelsHealth(Part):
    """The models' own health."""

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


class BrokerHealth(Part):
    """The health of the way out, as the daemon last knew it."""

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


class ActionsHealth(Part):
    """How the local actions (hook, buzzer, light) went since the start or the last reload that changed them."""

    done: int = Field(ge=0, description="Alert messages acted on.")
    failed: int = Field(ge=0, description="Alert messages on which an action failed.")
    dropped: int = Field(ge=0, description="Alert messages left out: too many in a minute, or the action was busy.")
    error: str | None = Field(description="Why an action failed the last time; null when it did not.")


class RecordsHealth(Part):
    """How the records for replay are doing."""

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
        """Return the same report as a last word."""
        return self.model_copy(update={"status": "stopped", "at": at})
