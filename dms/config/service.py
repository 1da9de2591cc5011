"""How the daemon runs."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from dms.config.section import NAME, Section


class VehicleSettings(Section):
    """The ``[vehicle]`` table."""

    id: str = Field(
        "vehicle-1",
        pattern=NAME,
        title="Vehicle id",
        description="Second part of every topic: letters, digits, '-' and '_', at most 64.",
    )


class ServiceSettings(Section):
    """The ``[service]`` table."""

    state_dir: Path = Field(
        Path("/var/lib/dms"),
        title="State folder",
        description="Holds the outbox and the driver's baseline. systemd's $STATE_DIRECTORY wins over the default.",
    )
    state_interval_s: float = Field(
        1.0,
        ge=0.2,
        le=60.0,
        title="State interval",
        description="Longest time between two `state` messages, seconds; a change of condition is sent at once.",
    )
    health_interval_s: float = Field(
        10.0, ge=1.0, le=600.0, title="Health interval", description="Time between two `health` messages, seconds."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", title="Log level", description="Least severe level that is logged; `--verbose` makes it debug."
    )
