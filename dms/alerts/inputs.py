"""What the daemon hears: vehicle speed, acknowledgements and driver changes.

Takes topic and payload as they came from the network, gives plain values or an ``InputError``. Nothing a payload
carries raises anything else; size, values and rate are bounded.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dms.alerts.topics import Topics
from dms.driver.inputs import Acknowledgement, VehicleSpeed
from dms.driver.state import AlertKind

MAX_BYTES = 1024
"""Largest payload that is looked at; the longest valid one has about 100 bytes."""


class InputError(Exception):
    """A message that is not taken; the text says why, without repeating what it carried."""


@dataclass(frozen=True, slots=True)
class DriverNamed:
    """Somebody else drives.

    Attributes:
        t: Seconds on the frames' clock.
        driver_id: Who, if known: names what was learned about this driver earlier.
    """

    t: float
    driver_id: str | None


Input = VehicleSpeed | Acknowledgement | DriverNamed
"""Anything that arrives by MQTT."""


class _Input(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True, strict=True)


class SpeedInput(_Input):
    """Payload of ``vehicle/speed``."""

    kmh: float | None = Field(
        ge=0, le=500, allow_inf_nan=False, description="Kilometres per hour; null when the vehicle does not know."
    )


class AcknowledgeInput(_Input):
    """Payload of ``cmd/ack``: an empty object means every open alert."""

    event_id: UUID | None = Field(None, strict=False, description="The alert that is meant.")
    kind: AlertKind | None = Field(None, strict=False, description="Every open alert of this kind.")


class DriverNamedInput(_Input):
    """Payload of ``cmd/driver``."""

    driver_id: str | None = Field(
        pattern=r"^[A-Za-z0-9_-]{1,64}$", description="Who drives now; null for somebody unknown."
    )


class InputReader:
    """Reads input messages of one vehicle.

    Args:
        topics: The vehicle's topics.
        rate_hz: Most messages per second taken on each topic.
        find_alert: Kind and episode of an open alert by its event id.
    """

    def __init__(
        self, topics: Topics, rate_hz: float, find_alert: Callable[[UUID], tuple[AlertKind, int] | None]
    ) -> None:
        self._topics = topics
        self._pace = {topic: _Pace(rate_hz) for topic in topics.inputs}
        self._find_alert = find_alert

    def read(self, topic: str, payload: bytes, retained: bool, t: float) -> Input:
        """Read one message.

        Args:
            topic: Where it came from.
            payload: What it carries.
            retained: Whether the broker had kept it: then nobody has just said it, and it is not taken.
            t: When it arrived, seconds on the frames' clock.

        Raises:
            InputError: It is not taken.
        """
        pace = self._pace.get(topic)
        if pace is None:
            raise InputError("not an input topic")
        if not pace.allows(t):
            raise InputError("more often than input_rate_hz")
        if retained:
            raise InputError("retained: an input counts only when it is fresh")
        if len(payload) > MAX_BYTES:
            raise InputError(f"longer than {MAX_BYTES} bytes")
        try:
            return self._parse(topic, payload, t)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
            where = ".".join(str(part) for part in problem["loc"]) or "payload"
            raise InputError(f"{where}: {problem['msg']}") from None

    def _parse(self, topic: str, payload: bytes, t: float) -> Input:
        if topic == self._topics.speed:
            return VehicleSpeed(t, SpeedInput.model_validate_json(payload).kmh)
        if topic == self._topics.driver:
            return DriverNamed(t, DriverNamedInput.model_validate_json(payload).driver_id)
        wanted = AcknowledgeInput.model_validate_json(payload)
        if wanted.event_id is None:
            return Acknowledgement(t, wanted.kind)
        alert = self._find_alert(wanted.event_id)
        if alert is None:
            raise InputError("event_id: no such open alert")
        return Acknowledgement(t, *alert)


class _Pace:
    """A token bucket that holds one second's worth."""

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._size = max(1.0, rate_hz)
        self._tokens = self._size
        self._t: float | None = None

    def allows(self, t: float) -> bool:
        if self._t is not None:
            self._tokens = min(self._size, self._tokens + max(0.0, t - self._t) * self._rate_hz)
        self._t = t
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
