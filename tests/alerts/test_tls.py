"""TLS with a CA of its own, client certificates, and what is refused. Certificates are made by openssl for the test."""

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dms.alerts.client import new_client
from dms.config.alerts import MqttSettings
from dms.driver.state import Phase
from dms.errors import UserError
from tests.conftest import until

from .make import Vehicle

# a handshake that fails leaves paho's socket to the garbage collector, which closes it at once
LEFT_OPEN = pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")


class Authority:
    """A certificate authority in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir()
        self._folder = folder
        self.ca = folder / "ca.crt"
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", f"/CN={name}", "-keyout", folder / "ca.key", "-out", self.ca,
            # Python 3.13 refuses an authority that does not say so
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        )  # fmt: skip

    def issue(self, name: str) -> tuple[Path, Path]:
        """Certificate and key for a name; it serves 127.0.0.1 and localhost."""
        cert, key, request, extensions = (self._folder / f"{name}.{end}" for end in ("crt", "key", "csr", "ext"))
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nauthorityKeyIdentifier=keyid\n")
        self._openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", f"/CN={name}", "-keyout", key, "-out", request,
        )  # fmt: skip
        self._openssl(
            "x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._folder / "ca.key", "-CAcreateserial",
            "-days", "2", "-extfile", extensions, "-out", cert,
        )  # fmt: skip
        return cert, key

    @staticmethod
    def _openssl(*arguments: str | Path) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    return Authority(tmp_path / "ca", "test CA")


@pytest.fixture
def broker(mosquitto_factory: Callable[..., Any], authority: Authority) -> Any:
    """Wants a client certificate of our authority, and takes its name as the user."""
    cert, key = authority.issue("localhost")
    made = mosquitto_factory(
        config=f"cafile {authority.ca}\ncertfile {cert}\nkeyfile {key}\nrequire_certificate true\n"
        "use_identity_as_username true\nallow_anonymous false"
    )
    made.start()
    return made


def deliver(folder: Path, port: int, tls: dict[str, Any]) -> Vehicle:
    """A vehicle with an alert to deliver, which has been delivered or has met an error."""
    vehicle = Vehicle(folder, port, tls={"enabled": True, **tls}).start()
    vehicle.raise_alert(Phase.START, 1)
    until(lambda: vehicle.is_delivered() or vehicle.publisher.status.error)
    return vehicle


def test_an_alert_goes_through_with_a_client_certificate(broker: Any, authority: Authority, tmp_path: Path) -> None:
    cert, key = authority.issue("van-7")
    tls = {"ca_file": authority.ca, "cert_file": cert, "key_file": key, "minimum_version": "1.3"}
    vehicle = deliver(tmp_path / "vehicle", broker.port, tls)
    until(vehicle.is_delivered)
    assert vehicle.publisher.status.connected
    vehicle.stop()


def test_without_a_client_certificate_nothing_is_delivered(broker: Any, authority: Authority, tmp_path: Path) -> None:
    vehicle = deliver(tmp_path / "vehicle", broker.port, {"ca_file": authority.ca})
    assert not vehicle.is_delivered()
    assert not vehicle.publisher.status.connected
    vehicle.stop()


@LEFT_OPEN
def test_a_broker_of_another_authority_gets_nothing(broker: Any, authority: Authority, tmp_path: Path) -> None:
    cert, key = authority.issue("van-7")
    stranger = Authority(tmp_path / "stranger", "stranger")
    tls = {"ca_file": stranger.ca, "cert_file": cert, "key_file": key}
    vehicle = deliver(tmp_path / "vehicle", broker.port, tls)
    assert "CERTIFICATE_VERIFY_FAILED" in str(vehicle.publisher.status.error)
    assert not vehicle.is_delivered()
    vehicle.stop()


class OldServer:
    """Speaks TLS 1.2 at most, and notes the handshakes that came to an end."""

    def __init__(self, cert: Path, key: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        self._context = context
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self.handshakes = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), self._context.wrap_socket(connection, server_side=True):
                self.handshakes += 1

    def close(self) -> None:
        self._server.close()


@LEFT_OPEN
@pytest.mark.parametrize(("minimum", "spoken"), [("1.2", True), ("1.3", False)])
def test_an_older_tls_version_than_the_minimum_is_not_spoken(
    authority: Authority, tmp_path: Path, minimum: str, spoken: bool
) -> None:
    server = OldServer(*authority.issue("localhost"))
    tls = {"ca_file": authority.ca, "minimum_version": minimum}
    vehicle = deliver(tmp_path / "vehicle", server.port, tls)
    error = str(vehicle.publisher.status.error)
    vehicle.stop()
    server.close()
    assert (server.handshakes > 0) is spoken
    assert ("version" in error.lower()) is not spoken


@pytest.mark.parametrize(
    ("content", "message"), [("no certificate", "not usable"), ("", "not usable"), (None, "cannot be read")]
)
def test_a_certificate_that_is_none_is_told_at_the_start(tmp_path: Path, content: str | None, message: str) -> None:
    file = tmp_path / "client.pem"
    if content is not None:
        file.write_text(content)
    settings = MqttSettings.model_validate({"tls": {"enabled": True, "cert_file": file}})
    with pytest.raises(UserError, match=message):
        new_client(settings, "dms")


def test_an_encrypted_key_is_refused_instead_of_asked_for(authority: Authority, tmp_path: Path) -> None:
    cert, key = authority.issue("van-7")
    locked = tmp_path / "locked.key"
    subprocess.run(
        ["openssl", "ec", "-in", key, "-aes256", "-passout", "pass:secret-phrase", "-out", locked],
        check=True,
        capture_output=True,
    )
    settings = MqttSettings.model_validate({"tls": {"enabled": True, "cert_file": cert, "key_file": locked}})
    with pytest.raises(UserError, match="without a passphrase"):
        new_client(settings, "dms")
