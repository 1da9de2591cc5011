"""What systemd hears."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dms.service.notify import SystemdNotifier


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(2)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield sock


def test_messages_reach_systemd(systemd: socket.socket) -> None:
    notifier = SystemdNotifier()
    notifier.ready("watching camera 0")
    notifier.alive()
    notifier.stopping()
    heard = [systemd.recv(200).decode() for _ in range(3)]
    assert heard == ["READY=1\nSTATUS=watching camera 0", "WATCHDOG=1", "STOPPING=1"]


def test_the_watchdog_is_fed_at_half_its_limit(systemd: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "10000000")
    assert SystemdNotifier().watchdog_s == 5.0


def test_a_watchdog_of_another_process_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "10000000")
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert SystemdNotifier().watchdog_s is None


def test_without_systemd_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    SystemdNotifier().ready("nobody hears this")


def test_a_socket_that_is_gone_does_not_end_the_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    SystemdNotifier().alive()
