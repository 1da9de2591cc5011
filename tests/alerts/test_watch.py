"""The reference subscriber tells stale from fresh, and each thing once."""

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import dms.alerts.watch
from dms.alerts.clock import ClockQuality, Stamp
from dms.alerts.encoder import Encoder
from dms.alerts.messages import InfoMessage
from dms.alerts.topics import Topics
from dms.alerts.watch import Watch, watch
from dms.config import Config, MqttSettings, ServiceSettings
from dms.driver.state import AlertKind, Phase
from dms.errors import WorldError

from .make import ANGER, FATIGUE, GOOD_UTC, VEHICLE, Vehicle, alert, state, until
from .test_publisher import health

TOPICS = Topics(VEHICLE)
NOW = GOOD_UTC + 102.0


def encoder(quality: ClockQuality = ClockQuality.SYNCHRONISED) -> Encoder:
    return Encoder(VEHICLE, "session", lambda t: Stamp(GOOD_UTC + t, quality))


def line(watcher: Watch, topic: str, payload: str | bytes, now: float = NOW, kept: bool = False) -> str:
    shown = watcher.line(topic, payload.encode() if isinstance(payload, str) else payload, kept, now)
    return "" if shown is None else shown.plain


def told(interval_s: float) -> Watch:
    """A watcher that has heard how often the vehicle tells its state."""
    watcher = Watch()
    config = Config(service=ServiceSettings(state_interval_s=interval_s)).model_dump(mode="json")
    at = datetime.fromtimestamp(GOOD_UTC, UTC)
    info = InfoMessage(at=at, clock=ClockQuality.SYNCHRONISED, version="1", session="session", models={}, config=config)
    assert line(watcher, TOPICS.info, info.to_json(), kept=True) == ""
    return watcher


def silence(watcher: Watch, now: float) -> list[str]:
    return [text.plain for text in watcher.silent(now)]


def test_a_young_state_is_fresh_and_an_old_one_stale() -> None:
    message = encoder().state(state(t=102.0)).to_json()
    assert "fresh attentive" in line(told(1.0), TOPICS.state, message, NOW + 10.0)
    assert "stale attentive" in line(told(1.0), TOPICS.state, message, NOW + 10.1)
    assert "fresh attentive" in line(told(1.0), TOPICS.state, message, NOW + 1.0, kept=True)


@pytest.mark.parametrize("watcher", [told(60.0), Watch()], ids=["state each minute", "interval not told"])
def test_a_vehicle_that_tells_its_state_each_minute_is_not_stale_after_ten_seconds(watcher: Watch) -> None:
    message = encoder().state(state(t=102.0)).to_json()
    assert "fresh" in line(watcher, TOPICS.state, message, NOW + 150.0, kept=True)
    assert "stale" in line(watcher, TOPICS.state, message, NOW + 150.1, kept=True)
    line(watcher, TOPICS.state, message)
    assert silence(watcher, NOW + 150.0) == []
    assert len(silence(watcher, NOW + 150.1)) == 1


def test_without_a_good_clock_a_state_that_the_broker_had_kept_is_stale() -> None:
    message = encoder(ClockQuality.UNSYNCHRONISED).state(state()).to_json()
    assert "fresh" in line(Watch(), TOPICS.state, message, GOOD_UTC + 9e6)
    assert "stale" in line(Watch(), TOPICS.state, message, GOOD_UTC + 9e6, kept=True)


def test_silence_becomes_stale_once() -> None:
    watcher = told(1.0)
    line(watcher, TOPICS.state, encoder().state(state(t=102.0)).to_json())
    assert silence(watcher, NOW + 10.0) == []
    assert ["nothing heard for 11 s" in text for text in silence(watcher, NOW + 11.0)] == [True]
    assert silence(watcher, NOW + 12.0) == []


def test_an_alert_is_a_sign_of_life_too() -> None:
    watcher = told(1.0)
    line(watcher, TOPICS.state, encoder().state(state(t=102.0)).to_json())
    line(watcher, FATIGUE, encoder().alert(alert()).to_json(), NOW + 8.0)
    assert silence(watcher, NOW + 15.0) == []
    assert len(silence(watcher, NOW + 19.0)) == 1


def test_a_vehicle_that_is_offline_does_not_become_stale_until_it_is_back() -> None:
    watcher = told(1.0)
    line(watcher, TOPICS.state, encoder().state(state(t=102.0)).to_json())
    line(watcher, TOPICS.availability, "offline", NOW + 1.0)
    line(watcher, TOPICS.state, encoder().state(state(t=102.0)).to_json(), NOW + 2.0, kept=True)
    assert silence(watcher, NOW + 100.0) == []
    line(watcher, TOPICS.availability, "online", NOW + 200.0)
    assert silence(watcher, NOW + 210.0) == []
    assert len(silence(watcher, NOW + 211.0)) == 1


def test_an_alert_is_shown_once_with_its_lateness() -> None:
    watcher = Watch()
    message = encoder().alert(alert(closed_s=1.5)).model_copy(update={"late_s": 12.5}).to_json()
    shown = line(watcher, FATIGUE, message)
    assert shown.endswith("van-7        alert/fatigue   start  microsleep closed_s 1.5, late_s 12.5")
    assert line(watcher, FATIGUE, message) == ""


def test_what_is_unknown_is_left_out_or_said_in_words() -> None:
    kind = AlertKind.ANGER
    message = encoder().alert(alert(kind=kind, cause="anger", anger_score=0.71, perclos=None))
    shown = line(Watch(), ANGER, message.model_copy(update={"late_s": None}).to_json())
    assert shown.endswith("start  angry cause anger, anger_score 0.71, late_s unknown")
    shown = line(Watch(), TOPICS.state, encoder().state(state(perclos=None)).to_json())
    assert shown.endswith("fresh attentive, eyes open, PERCLOS unknown")


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
    console = Console(file=screen, width=40)
    thread = threading.Thread(target=watch, args=(settings, "+", console), daemon=True)
    thread.start()
    vehicle = Vehicle(tmp_path / "vehicle", mosquitto.port).start()
    vehicle.tell_state()
    vehicle.raise_alert(Phase.START, 1)
    for text in ("online", "fresh attentive", "start  microsleep"):
        until(lambda part=text: part in screen.getvalue())
    vehicle.stop()
    until(lambda: "offline" in screen.getvalue())
    for told_line in screen.getvalue().splitlines():
        assert re.match(r"\d\d:\d\d:\d\d van-7  ", told_line), (
            "a line is not broken, however narrow a pipe is taken to be"
        )


def test_it_says_when_the_connection_comes_and_goes(mosquitto: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings = MqttSettings(host="127.0.0.1", port=mosquitto.port)
    printed: list[str] = []

    def lines() -> list[str]:
        printed.extend(capsys.readouterr().err.splitlines())
        return printed

    connected = f"connected to 127.0.0.1:{mosquitto.port}, waiting for {VEHICLE}"
    threading.Thread(target=watch, args=(settings, VEHICLE, Console(file=StringIO())), daemon=True).start()
    until(lambda: lines() == [connected])
    mosquitto.stop()
    until(lambda: lines() == [connected, "connection lost, trying again"])
    mosquitto.start()
    until(lambda: lines() == [connected, "connection lost, trying again", connected])


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
    assert len(source.splitlines()) <= 140
