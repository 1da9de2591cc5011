"""Settings of the connection: what is allowed, and where secrets may be seen."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from dms.alerts.client import new_client
from dms.config.alerts import MqttSettings
from dms.errors import UserError


def login(client: Any) -> tuple[bytes, bytes]:
    return client._username, client._password


def test_user_and_password_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "login"
    file.write_text("van-7\npass word \n")
    assert login(new_client(MqttSettings(login_file=file), "dms")) == (b"van-7", b"pass word ")


def test_user_and_password_come_from_a_systemd_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mqtt").write_text("van-7\nsecret")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert login(new_client(MqttSettings(login_credential="mqtt"), "dms")) == (b"van-7", b"secret")


def test_a_credential_without_systemd_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(UserError, match="LoadCredential=mqtt:FILE"):
        new_client(MqttSettings(login_credential="mqtt"), "dms")


@pytest.mark.parametrize("content", [b"", b"\nonly-a-secret", b"\xff\xfe secret \x80"])
def test_a_login_file_that_is_none_is_told_without_its_content(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "login"
    file.write_bytes(content)
    with pytest.raises(UserError) as error:
        new_client(MqttSettings(login_file=file), "dms")
    assert "secret" not in str(error.value)
    assert str(file) in str(error.value)
    assert error.value.__cause__ is None


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"port": 0}, "port"),
        ({"protocol": "4"}, "protocol"),
        ({"login_file": "a", "login_credential": "b"}, "exclude each other"),
        ({"login_credential": "../secrets"}, "login_credential"),
        ({"client_id": "a/b"}, "client_id"),
        ({"retry_min_s": 10, "retry_max_s": 5}, "retry_max_s"),
        ({"tls": {"key_file": "k"}}, "key_file needs cert_file"),
        ({"tls": {"minimum_version": "1.1"}}, "minimum_version"),
        ({"password": "secret"}, "password"),
        ({"home_assistant_prefix": "a/#"}, "home_assistant_prefix"),
    ],
)
def test_wrong_settings_are_refused(given: dict[str, Any], where: str) -> None:
    with pytest.raises(ValidationError, match=where):
        MqttSettings.model_validate(given)


def test_the_port_follows_tls() -> None:
    assert MqttSettings().broker_port == 1883
    assert MqttSettings.model_validate({"tls": {"enabled": True}}).broker_port == 8883
    assert MqttSettings.model_validate({"port": 99, "tls": {"enabled": True}}).broker_port == 99


def test_every_setting_says_what_it_is() -> None:
    for section in (MqttSettings, MqttSettings.model_fields["tls"].annotation):
        for name, field in section.model_fields.items():  # type: ignore[union-attr]
            assert field.title, name
            assert field.description, name
            assert field.description.endswith("."), name
