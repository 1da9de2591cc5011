"""The reference subscriber tells stale from fresh, and each thing once."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import dms.alerts.watch
from dms.alerts.clock import ClockQuality, Stamp
from dms.alerts.encoder import Encoder
from dms.alerts.messages import InfoMessage
from dms.alerts.topics import Topics
from dms.alerts.watch import Watch, watch
from dms.config import Config, MqttSettings, ServiceSettings
from dms.driver.state import AlertKind, HeldBack, Phase
from dms.errors import WorldError
from tests.conftest import until

from .make import ANGER, FATIGUE, GOOD_UTC, VEHICLE, Vehicle, alert, state
from .test_publisher import health

TOPICS = Topics(VEHICLE)
NOW = GOOD_UTC + 102.0
WATCH = """
import sys
from dms.alerts.watch import watch
from dms.config import MqttSettings
watch(MqttSettings(host="127.0.0.1", port=int(sys.argv[1])), sys.argv[2])
"""


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
    young = line(told(1.0), TOPICS.state, message, NOW + 10.0)
    assert ("attentive" in young, "stale" in young, "fresh" in young) == (True, False, False)
    assert "stale attentive" in line(told(1.0), TOPICS.state, message, NOW + 10.1)
    assert "stale" not in line(told(1.0), TOPICS.state, message, NOW + 1.0, kept=True)


@pytest.mark.parametrize("watcher", [told(60.0), Watch()], ids=["state each minute", "interval not told"])
def test_a_vehicle_that_tells_its_state_each_minute_is_not_stale_after_ten_seconds(watcher: Watch) -> None:
    message = encoder().state(state(t=102.0)).to_json()
    assert "state           attentive" in line(watcher, TOPICS.state, message, NOW + 150.0, kept=True)
    assert "stale" in line(watcher, TOPICS.state, message, NOW + 150.1, kept=True)
    line(watcher, TOPICS.state, message)
    assert silence(watcher, NOW + 150.0) == []
    assert len(silence(watcher, NOW + 150.1)) == 1


def test_without_a_good_clock_a_state_that_the_broker_had_kept_is_stale() -> None:
    message = encoder(ClockQuality.UNSYNCHRONISED).state(state()).to_json()
    assert "state           attentive" in line(Watch(), TOPICS.state, message, GOOD_UTC + 9e6)
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
    assert shown.endswith("state           attentive, eyes open, PERCLOS unknown")


@pytest.mark.parametrize("reason", HeldBack, ids=str)
def test_what_holds_an_alert_back_is_said_in_words(reason: HeldBack) -> None:
    shown = line(Watch(), TOPICS.state, encoder().state(state(perclos=0.09, held_back=reason)).to_json())
    assert re.search("attentive, eyes open, PERCLOS 0.09, no alert: [a-z ]+$", shown)


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


class Watching:
    """A process that watches: it does so until it is ended, and says on its own stderr how the connection is."""

    def __init__(self, folder: Path, port: int, vehicle_id: str) -> None:
        self._screen, self._stderr = folder / "screen", folder / "stderr"
        with self._screen.open("wb") as screen, self._stderr.open("wb") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-c", WATCH, str(port), vehicle_id],
                stdout=screen,
                stderr=stderr,
                env={**os.environ, "COLUMNS": "40"},
            )

    @property
    def printed(self) -> str:
        return self._screen.read_text(encoding="utf-8")

    @property
    def told(self) -> list[str]:
        return self._stderr.read_text(encoding="utf-8").splitlines()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Callable[[int, str], Watching]]:
    """Starts watching: ``watching(port, vehicle_id)``."""
    made: list[Watching] = []

    def make(port: int, vehicle_id: str) -> Watching:
        made.append(Watching(tmp_path, port, vehicle_id))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_it_prints_what_a_vehicle_publishes(
    mosquitto: Any, watching: Callable[[int, str], Watching], tmp_path: Path
) -> None:
    seen = watching(mosquitto.port, "+")
    vehicle = Vehicle(tmp_path / "vehicle", mosquitto.port).start()
    vehicle.tell_state()
    # what is retained is told to those who come later, an alert is not
    until(lambda: "online" in seen.printed and "attentive" in seen.printed)
    vehicle.raise_alert(Phase.START, 1)
    until(lambda: "start  microsleep" in seen.printed)
    vehicle.stop()
    until(lambda: "offline" in seen.printed)
    for told_line in seen.printed.splitlines():
        assert re.match(r"\d\d:\d\d:\d\d van-7  ", told_line), (
            "a line is not broken, however narrow a pipe is taken to be"
        )


def test_it_says_when_the_connection_comes_and_goes(mosquitto: Any, watching: Callable[[int, str], Watching]) -> None:
    connected = f"connected to 127.0.0.1:{mosquitto.port}, waiting for {VEHICLE}"
    seen = watching(mosquitto.port, VEHICLE)
    until(lambda: seen.told == [connected])
    mosquitto.stop()
    until(lambda: seen.told == [connected, "connection lost, trying again"])
    mosquitto.start()
    until(lambda: seen.told == [connected, "connection lost, trying again", connected])


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
