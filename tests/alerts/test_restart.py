"""An end for every start, whatever ended the daemon; and what a subscriber who comes late can tell."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from dms.alerts.delivery.outbox import Outbox
from dms.alerts.encoder import Encoder
from dms.alerts.topics import Topics
from dms.driver.state import AlertKind, Phase
from tests.conftest import free_port, until

from .make import ANGER, FATIGUE, GOOD_UTC, VEHICLE, Times, Vehicle, steps

TOPICS = Topics(VEHICLE)


def killed(folder: Path, times: Times | None = None) -> Vehicle:
    """A vehicle that was killed in the middle of two alerts, one of them after another that had ended."""
    van = Vehicle(folder, free_port(), session="first", clock=times.clock() if times else None)
    for phase in Phase:
        van.raise_alert(phase, 1)
    van.raise_alert(Phase.START, 2)
    van.raise_alert(Phase.UPDATE, 2)
    van.raise_alert(Phase.START, 1, AlertKind.ANGER)
    return van


def test_alerts_that_a_killed_daemon_left_open_end_at_the_next_start(mosquitto: Any, tmp_path: Path) -> None:
    listener = mosquitto.listen("dms/#")
    killed(tmp_path)
    van = Vehicle(tmp_path, mosquitto.port, session="second")
    told = van.publisher.end_left_open()
    van.raise_alert(Phase.START, 1)
    van.tell_state()
    van.start()
    until(van.is_delivered)
    until(lambda: len(steps(listener.on(FATIGUE))) == 7 and len(steps(listener.on(ANGER))) == 2)
    messages = [json.loads(payload) for payload in listener.on(FATIGUE)]
    assert [one["sequence"] for one in messages] == list(range(1, 8))
    newest, end = messages[4], messages[5]
    assert (end["phase"], end["evidence"]) == ("end", {"cause": "restart"})
    for name in ("event_id", "session", "level", "started_at", "kind"):
        assert end[name] == newest[name]
    assert [one["session"] for one in messages] == [*["first"] * 6, "second"]
    assert json.loads(listener.on(ANGER)[1])["evidence"] == {"cause": "restart"}
    assert {(one.kind, one.phase) for one in told} == {
        (kind, Phase.END) for kind in (AlertKind.FATIGUE, AlertKind.ANGER)
    }
    van.stop()
    again = Vehicle(tmp_path, free_port(), session="third")
    assert [one.topic for one in again.outbox.open_alerts] == [FATIGUE]  # what the second left open, and nothing twice


@pytest.mark.parametrize("same_boot", [True, False])
def test_the_end_keeps_the_beginning_where_the_clock_becomes_good_later(
    mosquitto: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, same_boot: bool
) -> None:
    listener = mosquitto.listen(ANGER)
    killed(tmp_path, Times(monotonic=5000.0))
    if not same_boot:
        monkeypatch.setattr("dms.alerts.delivery.publisher.boot_id", lambda: "another")
    times = Times(monotonic=6000.0 if same_boot else 10.0, utc=50.0, disciplined=False)
    van = Vehicle(tmp_path, mosquitto.port, session="second", clock=times.clock())
    van.publisher.end_left_open()
    times.passes(10.0)
    times.utc, times.disciplined = GOOD_UTC + 1010.0, True
    van.start()
    until(lambda: len(listener.on(ANGER)) == 2)
    start, end = (json.loads(payload) for payload in listener.on(ANGER))
    began = [datetime.fromisoformat(one["started_at"]).timestamp() for one in (start, end)]
    assert began[0] == pytest.approx(began[1], abs=0.002)
    assert (end["clock"], end["at"]) == ("corrected", "2027-01-15T08:16:40.000Z")
    van.stop()


def test_open_alerts_survive_damage_elsewhere(tmp_path: Path) -> None:
    killed(tmp_path).outbox.close()
    path = tmp_path / "outbox.sqlite"
    content = bytearray(path.read_bytes())
    content[60:64] = (99).to_bytes(4, "big")
    path.write_bytes(content)
    again = Outbox(path, 1000)
    assert again.status.damage
    assert {one.topic for one in again.open_alerts} == {FATIGUE, ANGER}
    again.close()
    assert {one.topic for one in Outbox(path, 1000).open_alerts} == {FATIGUE, ANGER}


def test_a_vehicle_that_was_renamed_ends_its_alerts_where_they_began(tmp_path: Path) -> None:
    killed(tmp_path)
    van = Vehicle(tmp_path, free_port(), session="second")
    van.encoder.topics = Topics("renamed")
    van.publisher.end_left_open()
    waiting = [(one.topic, one.sequence, one.phase) for _, one in van.outbox.waiting(100)][-2:]
    assert waiting == [(FATIGUE, 6, "end"), (ANGER, 2, "end")]


def test_a_state_names_its_session_and_the_alerts_that_are_open(mosquitto: Any, tmp_path: Path) -> None:
    van = Vehicle(tmp_path, mosquitto.port, session="drive").start()
    for phase in Phase:
        van.raise_alert(phase, 1)
    van.raise_alert(Phase.START, 2)
    van.tell_state()
    until(van.is_delivered)
    until(lambda: van.publisher.status.connected)
    listener = mosquitto.listen(TOPICS.state, client_id="late")
    until(lambda: listener.on(TOPICS.state))
    told = json.loads(listener.on(TOPICS.state)[-1])
    expected = str(Encoder(VEHICLE, "drive", van.clock.stamp).event_id(AlertKind.FATIGUE, 2))
    assert told["session"] == "drive"
    assert told["open_alerts"] == [{"kind": "fatigue", "event_id": expected}]
    van.stop()
