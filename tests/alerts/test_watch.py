"""The reference subscriber tells stale from fresh, and each thing once."""

import threading
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import dms.alerts.watch
from dms.alerts.clock import ClockQuality, Stamp
from dms.alerts.encoder import Encoder
from dms.alerts.topics import Topics
from dms.alerts.watch import STALE_S, Watch, watch
from dms.config.alerts import MqttSettings
from dms.driver.state import Phase
from dms.errors import WorldError

from .make import FATIGUE, GOOD_UTC, VEHICLE, Vehicle, alert, state, until
from .test_publisher import health

TOPICS = Topics(VEHICLE)


def encoder(quality: ClockQuality = ClockQuality.SYNCHRONISED) -> Encoder:
    return Encoder(VEHICLE, "session", lambda t: Stamp(GOOD_UTC + t, quality))


def line(watcher: Watch, topic: str, payload: str | bytes, now: float = GOOD_UTC + 102.0, kept: bool = False) -> str:
    shown = watcher.line(topic, payload.encode() if isinstance(payload, str) else payload, kept, now)
    return "" if shown is None else shown.plain


def test_a_young_state_is_fresh_and_an_old_one_stale() -> None:
    message = encoder().state(state(t=102.0)).to_json()
    assert "fresh attentive" in line(Watch(), TOPICS.state, message, GOOD_UTC + 103.0)
    assert "stale attentive" in line(Watch(), TOPICS.state, message, GOOD_UTC + 103.0 + STALE_S)
    assert "fresh attentive" in line(Watch(), TOPICS.state, message, GOOD_UTC + 103.0, kept=True)


def test_without_a_good_clock_a_state_that_the_broker_had_kept_is_stale() -> None:
    message = encoder(ClockQuality.UNSYNCHRONISED).state(state()).to_json()
    assert "fresh" in line(Watch(), TOPICS.state, message, GOOD_UTC + 9e6)
    assert "stale" in line(Watch(), TOPICS.state, message, GOOD_UTC + 9e6, kept=True)


def test_silence_becomes_stale_once() -> None:
    watcher = Watch()
    line(watcher, TOPICS.state, encoder().state(state(t=102.0)).to_json())
    assert watcher.silent(GOOD_UTC + 102.0 + STALE_S) == []
    assert ["no state for 11 s" in text.plain for text in watcher.silent(GOOD_UTC + 113.0)] == [True]
    assert watcher.silent(GOOD_UTC + 114.0) == []


def test_an_alert_is_shown_once_with_its_lateness() -> None:
    watcher = Watch()
    message = encoder().alert(alert(closed_s=1.5)).model_copy(update={"late_s": 12.5}).to_json()
    shown = line(watcher, FATIGUE, message)
    for part in ("fatigue start: microsleep", "12.5", "closed_s"):
        assert part in shown
    assert line(watcher, FATIGUE, message) == ""


def test_stopped_is_told_from_lost() -> None:
    watcher = Watch()
    assert line(watcher, TOPICS.availability, "online").endswith("online")
    line(watcher, TOPICS.health, health().to_json())
    assert "offline: lost" in line(watcher, TOPICS.availability, "offline")
    line(watcher, TOPICS.health, health().model_copy(update={"status": "stopped"}).to_json())
    assert "offline: stopped" in line(watcher, TOPICS.availability, "offline")


@pytest.mark.parametrize("payload", [b"", b"\xff", b"{}", b"[bold]", b'{"schema_version": 2}'])
@pytest.mark.parametrize("topic", [TOPICS.state, FATIGUE, TOPICS.health])
def test_what_cannot_be_read_is_one_line(topic: str, payload: bytes) -> None:
    assert "version 1" in line(Watch(), topic, payload)


def test_it_prints_what_a_vehicle_publishes(mosquitto: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = StringIO()
    settings = MqttSettings(host="127.0.0.1", port=mosquitto.port)
    console = Console(file=screen, width=200)
    thread = threading.Thread(target=watch, args=(settings, "+", console), daemon=True)
    thread.start()
    vehicle = Vehicle(tmp_path / "vehicle", mosquitto.port).start()
    vehicle.tell_state()
    vehicle.raise_alert(Phase.START, 1)
    for text in ("online", "fresh attentive", "fatigue start: microsleep"):
        until(lambda part=text: part in screen.getvalue())
    vehicle.stop()
    until(lambda: "offline" in screen.getvalue())


def test_a_broker_that_is_away_or_refuses_ends_it_with_one_line(mosquitto_factory: Callable[..., Any]) -> None:
    broker = mosquitto_factory(config="allow_anonymous false")
    settings = MqttSettings(host="127.0.0.1", port=broker.port)
    with pytest.raises(WorldError, match="cannot be reached"):
        watch(settings)
    broker.start()
    with pytest.raises(WorldError, match="refuses: Not authorized"):
        watch(settings)


def test_it_is_short_enough_to_be_read() -> None:
    source = Path(str(dms.alerts.watch.__file__)).read_text()
    assert len(source.splitlines()) <= 100
