"""A paho-mqtt client made from the settings: login, TLS, protocol version.

Takes ``MqttSettings``, gives a client that is not connected yet. The only file that reads a secret; what it reads
goes into the client and nowhere else.
"""

import os
import ssl
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from dms.alerts.version import Version
from dms.config.alerts import MqttSettings, TlsSettings
from dms.errors import UserError

_PROTOCOLS = {"auto": mqtt.MQTTv5, "5": mqtt.MQTTv5, "3.1.1": mqtt.MQTTv311}
_TLS_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_MAX_LOGIN_BYTES = 4096


def new_client(settings: MqttSettings, client_id: str, version: Version | None = None) -> mqtt.Client:
    """Make a client that starts a new session with every connection: what must last is in the outbox.

    Args:
        settings: The ``[mqtt]`` table.
        client_id: Unique on the broker.
        version: Of MQTT; the settings' when absent, and 5 where they leave it open.

    Raises:
        UserError: A login or certificate file is missing or not what it should be.
    """
    protocol = _PROTOCOLS[version or settings.protocol]
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id,
        clean_session=True if protocol == mqtt.MQTTv311 else None,
        protocol=protocol,
        reconnect_on_failure=False,
    )
    # how much is in flight is decided by the publisher
    client.max_inflight_messages_set(0)
    login = _login_path(settings)
    if login is not None:
        client.username_pw_set(*_read_login(login))
    if settings.tls.enabled:
        client.tls_set_context(_tls_context(settings.tls))
    return client


def _login_path(settings: MqttSettings) -> Path | None:
    if settings.login_credential is None:
        return settings.login_file
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder is None:
        raise UserError(
            f"mqtt.login_credential: no $CREDENTIALS_DIRECTORY; start dms by systemd with "
            f"LoadCredential={settings.login_credential}:FILE, or use mqtt.login_file"
        )
    return Path(folder) / settings.login_credential


def _read_login(path: Path) -> tuple[str, str | None]:
    try:
        with path.open("rb") as file:
            lines = file.read(_MAX_LOGIN_BYTES).decode().splitlines()
    except OSError as error:
        raise UserError(f"mqtt login {path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError:
        # the codec's own message quotes what it read
        raise UserError(f"mqtt login {path}: not UTF-8 text") from None
    if not lines or not lines[0]:
        raise UserError(f"mqtt login {path}: the first line must be the user, the second the password")
    return lines[0], lines[1] if len(lines) > 1 else None


def _tls_context(settings: TlsSettings) -> ssl.SSLContext:
    for name, path in (
        ("ca_file", settings.ca_file),
        ("cert_file", settings.cert_file),
        ("key_file", settings.key_file),
    ):
        if path is not None and not os.access(path, os.R_OK):
            raise UserError(f"mqtt.tls.{name}: {path} cannot be read")
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        context.minimum_version = _TLS_VERSIONS[settings.minimum_version]
        if settings.cert_file is not None:
            # an encrypted key would make OpenSSL ask on the terminal
            context.load_cert_chain(settings.cert_file, settings.key_file, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        raise UserError(f"mqtt.tls: certificate or key is not usable ({error})") from error
    return context


def _no_password() -> str:
    raise ValueError("the key is encrypted: store it without a passphrase, readable by dms only")
