"""The vehicle's own diagnosis bus: the ``[obd]`` table."""

from pydantic import Field

from dms.config.section import Section

ANSWER_S = 0.2
"""What an adapter takes for one reading."""


class ObdSettings(Section):
    """The ``[obd]`` table: vehicle speed from an ELM327 adapter. Needs the extra 'obd'."""

    port: str | None = Field(
        None,
        min_length=1,
        title="Port",
        description="Serial device of the adapter (/dev/ttyUSB0, /dev/rfcomm0), or socket://HOST:PORT for one on WLAN. "
        "Absent: the speed comes by MQTT or not at all.",
    )
    baudrate: int | None = Field(
        None, ge=9600, le=2_000_000, title="Baud rate", description="Of the serial line; python-OBD tries when absent."
    )
    interval_s: float = Field(
        0.5,
        ge=0.1,
        le=5.0,
        title="Interval",
        description="Seconds between two readings. An ELM327 takes 0.1 to 0.2 s for one; speed gates need less.",
    )
    retry_s: float = Field(
        10.0,
        ge=1.0,
        le=600.0,
        title="Retry pause",
        description="Seconds between attempts to reach an adapter that is absent; a car that is off does not answer. "
        "Our choice.",
    )
