"""What a broker takes, as it states it when it accepts a connection, and how large a message is on the wire.

Takes the properties of a CONNACK (MQTT 5, 3.2.2.3), gives numbers. A broker of MQTT 3.1.1 states nothing.
"""

from dataclasses import dataclass
from typing import Any

_ALIASES = (
    ("maximum_qos", "MaximumQoS"),
    ("retain", "RetainAvailable"),
    ("window", "ReceiveMaximum"),
    ("packet_bytes", "MaximumPacketSize"),
    ("server_reference", "ServerReference"),
)

JSON = "application/json"
TEXT = "text/plain"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a broker states. Its keep-alive is obeyed by the client library; of its other properties nothing is used.

    Attributes:
        maximum_qos: 1, or 0 where it acknowledges nothing.
        retain: Whether it keeps retained messages.
        window: Most unacknowledged messages that it takes at a time.
        packet_bytes: The largest packet that it takes; None where it states none.
        server_reference: Another broker that it names; told, never followed.
    """

    maximum_qos: int = 1
    retain: bool = True
    window: int = 65535
    packet_bytes: int | None = None
    server_reference: str | None = None

    @classmethod
    def stated(cls, properties: Any) -> "Limits":
        """Return what the properties of a CONNACK say; what they leave out is as MQTT says."""
        values = {name: getattr(properties, alias) for name, alias in _ALIASES if hasattr(properties, alias)}
        if "maximum_qos" in values:
            values["maximum_qos"] = min(1, values["maximum_qos"])
        if "retain" in values:
            values["retain"] = bool(values["retain"])
        return cls(**values)

    def takes(self, size: int) -> bool:
        """Return whether a packet of so many bytes is taken."""
        return self.packet_bytes is None or size <= self.packet_bytes


def packet_bytes(topic: str, payload: str, version_5: bool, expiry_s: int | None = None, bare: bool = False) -> int:
    """Return the bytes of a PUBLISH packet with QoS 1 (MQTT 5, 3.3).

    Args:
        topic: Where it goes.
        payload: What it says.
        version_5: MQTT 5, not 3.1.1.
        expiry_s: Its message expiry interval, if any.
        bare: Without the properties that a message does not need.
    """
    body = 2 + len(topic.encode()) + 2 + len(payload.encode())
    if version_5:
        properties = (0 if expiry_s is None else 5) + (0 if bare else 2 + 3 + len(content_type(payload)))
        body += properties + _varint_bytes(properties)
    return 1 + _varint_bytes(body) + body


def content_type(payload: str) -> str:
    """Return what a payload is: JSON but for ``online`` and ``offline``."""
    return JSON if payload.startswith("{") else TEXT


def _varint_bytes(value: int) -> int:
    return 1 if value < 1 << 7 else 2 if value < 1 << 14 else 3 if value < 1 << 21 else 4
