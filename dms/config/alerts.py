"""Where alerts go: the ``[mqtt]`` table.

Takes no secret: user and password stand in a file or a systemd credential that this table only names, so the whole
configuration may be shown to anybody.
"""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from dms.config.section import NAME, NAME_OR_FILE, Section


class TlsSettings(Section):
    """The ``[mqtt.tls]`` table."""

    enabled: bool = Field(False, title="TLS", description="Encrypt the connection and check the broker's certificate.")
    ca_file: Path | None = Field(
        None, title="CA file", description="Certificates (PEM) that may sign the broker's; the system's when absent."
    )
    cert_file: Path | None = Field(None, title="Client certificate", description="This vehicle's certificate (PEM).")
    key_file: Path | None = Field(
        None,
        title="Client key",
        description="Private key (PEM) of the client certificate; in the same file when absent.",
    )
    minimum_version: Literal["1.2", "1.3"] = Field(
        "1.2", title="Minimum TLS version", description="Older versions are refused; below 1.2 is forbidden (RFC 8996)."
    )

    @model_validator(mode="after")
    def _key_has_certificate(self) -> Self:
        if self.key_file and not self.cert_file:
            raise ValueError("key_file needs cert_file")
        return self


class MqttSettings(Section):
    """The ``[mqtt]`` table."""

    host: str = Field(
        "localhost", min_length=1, max_length=253, title="Broker", description="Name or address of the MQTT broker."
    )
    port: int | None = Field(
        None, ge=1, le=65535, title="Port", description="TCP port; 8883 with TLS and 1883 without when absent (IANA)."
    )
    protocol: Literal["auto", "5", "3.1.1"] = Field(
        "auto",
        title="MQTT version",
        description="auto tries 5 and then 3.1.1, and keeps what the broker accepts until the daemon restarts. "
        "With 3.1.1 there is no message expiry, and a broker states neither limits nor reasons.",
    )
    client_id: str | None = Field(
        None,
        pattern=NAME,
        title="Client id",
        description="Unique on the broker; 'dms-' and the vehicle id when absent.",
    )
    prefix: str = Field(
        "dms",
        pattern=NAME,
        title="Topic prefix",
        description="First part of every topic. The shipped ACL and bridge say dms.",
    )
    brief: bool = Field(
        False,
        title="Brief alerts",
        description="Send each alert a second time in at most 200 bytes, on alert/<kind>/brief, for microcontrollers: "
        "event_id, phase, level and sequence, QoS 0, right after the alert, not kept.",
    )
    login_file: Path | None = Field(
        None, title="Login file", description="First line the user, second line the password. Read at every connection."
    )
    login_credential: str | None = Field(
        None,
        pattern=NAME_OR_FILE,
        title="Login credential",
        description="The same two lines as a systemd credential: the name given to LoadCredential=.",
    )
    tls: TlsSettings = Field(TlsSettings(), title="TLS", description="Encryption and certificates.")
    keepalive_s: int = Field(
        30,
        ge=5,
        le=3600,
        title="Keep-alive",
        description="Seconds of silence after which the client pings. The broker publishes the last will after 1.5 "
        "times as long (MQTT 5, 3.1.2.10): this bounds how late a lost vehicle is noticed.",
    )
    acknowledge_s: float = Field(
        20.0,
        ge=1.0,
        le=300.0,
        title="Acknowledgement limit",
        description="Seconds to wait for the broker's answer to a connection or a message before the connection counts "
        "as broken and is made anew. Our choice: above any delay of a working mobile network.",
    )
    retry_min_s: float = Field(
        1.0, ge=0.05, le=60.0, title="First retry", description="Seconds before the first attempt to reconnect."
    )
    retry_max_s: float = Field(
        60.0,
        ge=0.05,
        le=3600.0,
        title="Slowest retry",
        description="The pause doubles up to this many seconds; a random half of it keeps a fleet from coming "
        "back at once. A topic that the broker refuses is tried again at this pace.",
    )
    inflight: int = Field(
        20,
        ge=1,
        le=1000,
        title="In-flight window",
        description="Most alerts that are sent and not yet acknowledged; the broker's own limit holds as well. "
        "20 is Mosquitto's default.",
    )
    outbox_limit: int = Field(
        10_000,
        ge=16,
        le=1_000_000,
        title="Outbox limit",
        description="Most alert messages kept on disk while the broker is away, about 1 kB each. Beyond it the oldest "
        "updates go first, then the oldest ends; a start is never dropped.",
    )
    alert_expiry_s: int | None = Field(
        None,
        ge=1,
        le=2_592_000,
        title="Alert expiry",
        description="Seconds that the broker keeps an alert for a subscriber who is away (MQTT 5 message expiry, "
        "counted from when it was sent); forever when absent.",
    )
    input_rate_hz: float = Field(
        10.0,
        ge=0.1,
        le=100.0,
        title="Input rate",
        description="Most messages per second taken on each input topic; what comes faster is dropped and counted. "
        "Vehicle speed is commonly sent at 1-10 Hz.",
    )
    trust_clock: bool = Field(
        False,
        title="Trust the clock",
        description="True where the wall clock is good although nothing on this machine disciplines it by network "
        "time: a battery-backed clock, or one set by GPS.",
    )
    home_assistant: bool = Field(
        False, title="Home Assistant discovery", description="Announce this vehicle to Home Assistant as a device."
    )
    home_assistant_prefix: str = Field(
        "homeassistant", pattern=NAME, title="Discovery prefix", description="Home Assistant's discovery prefix."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.login_file and self.login_credential:
            raise ValueError("login_file and login_credential exclude each other")
        if self.retry_max_s < self.retry_min_s:
            raise ValueError("retry_max_s must not be less than retry_min_s")
        return self

    @property
    def broker_port(self) -> int:
        """The TCP port that is used."""
        return self.port or (8883 if self.tls.enabled else 1883)
