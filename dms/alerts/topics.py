"""The topics of one vehicle.

Takes a vehicle id, gives topic names. The only file that spells them.
"""

import re
from dataclasses import dataclass

from dms.driver.state import AlertKind
from dms.errors import UserError

ROOT = "dms"

EVERY_VEHICLE = "+"
"""MQTT's wildcard for one level: a subscriber who means every vehicle."""
TEMPLATE = "{vehicle_id}"
"""What stands for the vehicle id in the contract."""

_VEHICLE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Topics:
    """Names of all topics of one vehicle.

    Attributes:
        vehicle_id: 1 to 64 letters, digits, '-' and '_': no wildcard, no further level; or one of the two
            constants above.

        prefix: First part of every topic, ``mqtt.prefix``.

    Raises:
        UserError: The vehicle id is not one.
    """

    vehicle_id: str
    prefix: str = ROOT

    def __post_init__(self) -> None:
        if self.vehicle_id not in (EVERY_VEHICLE, TEMPLATE) and not _VEHICLE_ID.fullmatch(self.vehicle_id):
            raise UserError(f"vehicle id {self.vehicle_id!r} must be 1 to 64 letters, digits, '-' and '_'")

    def _name(self, tail: str) -> str:
        return f"{self.prefix}/{self.vehicle_id}/{tail}"

    @property
    def availability(self) -> str:
        """``online`` or ``offline``, retained; the last will."""
        return self._name("availability")

    @property
    def info(self) -> str:
        """What runs, retained."""
        return self._name("info")

    @property
    def health(self) -> str:
        """How the parts are doing, retained."""
        return self._name("health")

    @property
    def state(self) -> str:
        """The driver now, retained."""
        return self._name("state")

    def alert(self, kind: AlertKind) -> str:
        """Alerts of one kind, not retained."""
        return self._name(f"alert/{kind}")

    def brief(self, alert_topic: str) -> str:
        """Return where an alert's short form goes."""
        return f"{alert_topic}/brief"

    @property
    def every_alert(self) -> str:
        """What a subscriber to all alerts asks for."""
        return self._name("alert/+")

    @property
    def acknowledge(self) -> str:
        """Input: somebody has taken note of an alert."""
        return self._name("cmd/ack")

    @property
    def driver(self) -> str:
        """Input: somebody else drives."""
        return self._name("cmd/driver")

    @property
    def speed(self) -> str:
        """Input: the vehicle's speed."""
        return self._name("vehicle/speed")

    @property
    def inputs(self) -> tuple[str, str, str]:
        """All topics that the daemon listens to."""
        return (self.acknowledge, self.driver, self.speed)
