"""What `dms check` says about who looked."""

import os
import pwd
from pathlib import Path

import pytest

from dms.config import ActionSettings, Config, MqttSettings, ServiceSettings
from dms.service.check import Finding, run_checks


def findings(folder: Path) -> dict[str, Finding]:
    config = Config(mqtt=MqttSettings(port=1), service=ServiceSettings(state_dir=folder), actions=ActionSettings())
    return {found.part: found for found in run_checks(config)}


def set_user(monkeypatch: pytest.MonkeyPatch, uid: int, *, service_user: bool) -> None:
    def getpwnam(name: str) -> pwd.struct_passwd:
        if not service_user:
            raise KeyError(name)
        return pwd.struct_passwd((name, "x", 999, 999, "", "/var/lib/dms", "/usr/sbin/nologin"))

    monkeypatch.setattr(os, "geteuid", lambda: uid)
    monkeypatch.setattr(pwd, "getpwnam", getpwnam)


def test_root_is_warned_that_the_service_may_do_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_user(monkeypatch, 0, service_user=True)
    found = findings(tmp_path)["user"]
    assert found.verdict == "warning"
    assert "checked as root" in found.text
    assert "sudo dms-check" in found.text
    assert "\n" not in found.text


def test_root_without_a_service_beside_it_is_told_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_user(monkeypatch, 0, service_user=False)
    found = findings(tmp_path)["user"]
    assert found.verdict == "ok"
    assert "checked as root" in found.text


def test_of_any_other_user_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_user(monkeypatch, 999, service_user=True)
    assert "user" not in findings(tmp_path)
