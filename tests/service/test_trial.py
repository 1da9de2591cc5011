"""`dms test-alert`: the real road, marked as a test, and nothing that is judged knows of it."""

import json
import queue
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from dms.actions.actions import Actions
from dms.actions.worker import Outcome
from dms.alerts.clock import Clock
from dms.alerts.encoder import Encoder
from dms.alerts.messages import ALERT, AlertMessage
from dms.config.actions import ActionSettings, BuzzerSettings, LedSettings
from dms.driver.inputs import Acknowledgement
from dms.driver.state import Alert, AlertKind, AngerLevel, FatigueLevel, Phase
from dms.replay.raised import raises
from dms.road import Road
from dms.service.control.client import ask
from dms.service.control.protocol import RefusedError
from dms.service.outcomes import Heard, Outcomes
from dms.service.trial import Trial, TrialSettings
from dms.sink import Sink, Step
from tests.actions.make import INFO, message, stamp
from tests.alerts.make import alert
from tests.conftest import until

from .process import Dms, messages, wait_for


class Told(Sink):
    """Keeps the messages of each step."""

    def __init__(self) -> None:
        self.messages: list[AlertMessage] = []
        self.states: list[object] = []

    def step(self, step: Step) -> None:
        self.messages += step.messages
        self.states.append(step.state)


class Scripted:
    """Judges as the test says: one alert for each moment."""

    def __init__(self) -> None:
        self.alerts = iter([alert(Phase.START, t=1.0), alert(Phase.END, t=2.0)])

    def finish(self, _reason: str) -> tuple[Any, ...]:
        return (next(self.alerts),)


class Bench:
    """A road with a trial on it, as the daemon has it, and a clock in the test's hand."""

    def __init__(self) -> None:
        self.t = 100.0
        clock = Clock(trust=True, monotonic=lambda: self.t, wall=lambda: self.t + 1.8e9)
        self.encoder = Encoder("van-7", "session", clock.stamp)
        self.outcomes, self.told = Outcomes(), Told()
        self.trial = Trial(self.encoder, clock, self._tell, self.outcomes)
        judge: Any = Scripted()
        self.road = Road(lambda _frame: pytest.fail("no frame"), judge, self.encoder, [self.told], None, self.trial.end)
        self.heard: queue.SimpleQueue[Heard] = queue.SimpleQueue()

    def _tell(self, one: Alert, message: AlertMessage) -> None:
        self.road.tell(one, message)

    def judge(self) -> None:
        """The next real alert's step."""
        self.road.finish("scripted")

    def start(self, **settings: Any) -> None:
        self.trial.start(TrialSettings.model_validate(settings), self.heard.put)

    def steps(self) -> list[tuple[bool, str, int]]:
        return [(message.test, message.phase, message.sequence) for message in self.told.messages]


def test_it_starts_and_ends_by_itself_and_takes_a_number_for_each_step() -> None:
    bench = Bench()
    bench.start(seconds=3.0)
    bench.t += 2.9
    bench.trial.turn()
    assert len(bench.told.messages) == 1
    bench.t += 0.1
    bench.trial.turn()
    bench.trial.turn()
    start, end = bench.told.messages
    assert bench.steps() == [(True, "start", 1), (True, "end", 2)]
    assert (start.event_id, start.evidence, end.evidence) == (end.event_id, {"cause": "test"}, {"cause": "test"})
    assert start.level == FatigueLevel.MICROSLEEP
    assert (start.started_at, (end.at - start.at).total_seconds()) == (start.at, 3.0)
    assert bench.told.states == [None, None], "no state was judged"
    assert not bench.encoder.has_open


def test_none_is_tried_while_an_alert_is_open_or_another_test_runs() -> None:
    bench = Bench()
    bench.judge()
    with pytest.raises(RefusedError, match="real alert is open"):
        bench.start()
    bench.judge()
    bench.start()
    with pytest.raises(RefusedError, match="still running"):
        bench.start()
    bench.trial.end()
    bench.start()
    assert bench.steps()[:2] == [(False, "start", 1), (False, "end", 2)]


def test_a_real_alert_ends_the_test_first_so_that_its_end_silences_nothing() -> None:
    bench = Bench()
    bench.start()
    bench.judge()
    assert bench.steps() == [(True, "start", 1), (True, "end", 2), (False, "start", 3)]


def test_each_test_has_an_id_of_its_own_and_only_its_own_asker_ends_it() -> None:
    bench = Bench()
    bench.start()
    first = bench.told.messages[0].event_id
    bench.trial.end()
    bench.start()
    second = bench.told.messages[-1].event_id
    assert first != second
    bench.trial.end(first)
    assert [message.phase for message in bench.told.messages] == [Phase.START, Phase.END, Phase.START]
    bench.trial.end(second)
    assert [message.phase for message in bench.told.messages[3:]] == [Phase.END]


def test_an_acknowledgement_of_the_test_is_told_and_one_of_another_kind_is_not() -> None:
    bench = Bench()
    bench.start()
    raised = bench.told.messages[0]
    found = bench.encoder.open_alert(raised.event_id)
    assert found is not None
    assert not bench.trial.acknowledge(Acknowledgement(1.0, AlertKind.ANGER))
    assert bench.trial.acknowledge(Acknowledgement(1.0, *found)), "nobody else is meant"
    assert not bench.trial.acknowledge(Acknowledgement(1.0)), "everything that is open is meant as well"
    parts = []
    while not bench.heard.empty():
        parts.append(bench.heard.get().part)
    assert parts == ["daemon", "acknowledgement", "acknowledgement"]


@pytest.mark.parametrize(
    ("given", "level"),
    [
        ({}, FatigueLevel.MICROSLEEP),
        ({"kind": "anger"}, AngerLevel.ANGRY),
        ({"level": "unresponsive"}, FatigueLevel.UNRESPONSIVE),
        ({"kind": "anger", "level": "irritated"}, AngerLevel.IRRITATED),
    ],
)
def test_the_level_is_the_one_that_is_wanted(given: dict[str, Any], level: str) -> None:
    assert TrialSettings.model_validate(given).tried_level == level


@pytest.mark.parametrize(
    "given", [{"level": "angry"}, {"kind": "anger", "level": "asleep"}, {"kind": "x"}, {"seconds": 0}, {"seconds": 61}]
)
def test_what_cannot_be_tried_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TrialSettings.model_validate(given)


def test_a_score_leaves_tests_out() -> None:
    bench = Bench()
    bench.start()
    bench.trial.end()
    bench.judge()
    events = [{**json.loads(message.to_json()), "t": 1.0} for message in bench.told.messages]
    assert [one.event_id for one in raises(events)] == [str(bench.told.messages[-1].event_id)]


@pytest.fixture
def pins() -> Iterator[Any]:
    gpiozero = pytest.importorskip("gpiozero", reason="gpiozero is not installed: pip install 'dms[gpio]'")
    mock = pytest.importorskip("gpiozero.pins.mock")
    before = gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory = mock.MockFactory()
    yield gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory.reset()
    gpiozero.Device.pin_factory = before


def test_what_pins_did_is_told_and_a_pin_that_cannot_be_had_is_too(pins: Any) -> None:
    told: list[Outcome] = []
    pins.reserve_pins(pins, "GPIO27")
    pins.pin("GPIO17")
    buzzer, light = BuzzerSettings(pin="GPIO17", beep_s=0.02), LedSettings(pin="GPIO99")
    actions = Actions(ActionSettings(buzzer=buzzer, led=light), "van", stamp, witness=told.append)
    assert (actions.names_for("fatigue"), actions.names_for("anger")) == (("buzzer", "light"), ())
    actions.start(INFO)
    actions.alert(message(level=FatigueLevel.ASLEEP))
    actions.alert(message(Phase.END, FatigueLevel.ASLEEP))
    until(lambda: len(told) == 4)
    actions.stop(5.0)
    found = {(one.name, one.message.phase): (one.done, one.text) for one in told}
    assert found["buzzer", Phase.START] == (True, "GPIO17 beeps 8 times")
    assert found["buzzer", Phase.END] == (True, "GPIO17 is off")
    assert not found["light", Phase.START][0]
    assert "GPIO99" in found["light", Phase.START][1]


def command(dms: Dms, *options: str) -> tuple[int, str, str]:
    """Exit code, output and errors of `dms test-alert`."""
    line = [sys.executable, "-m", "dms", "test-alert", "--config", str(dms.config), *options]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


def hook(folder: Path, text: str) -> str:
    """The configuration of a hook; ``$OUT`` in it is the file ``out``."""
    path = folder / "hook"
    path.write_text(f"#!/bin/sh\nOUT={folder}/out\n{text}\n")
    path.chmod(0o755)
    return f'[actions.hook]\ncommand = "{path}"\n'


@pytest.mark.slow
def test_hook_and_broker_hear_it_and_the_command_tells_what_each_did(
    mosquitto: Any, start: Callable[..., Dms], tmp_path: Path
) -> None:
    listener = mosquitto.listen()
    dms = start(mosquitto.port, "/dev/video99", hook(tmp_path, 'echo "$DMS_PHASE $DMS_TEST" >> "$OUT"; cat >> "$OUT"'))
    wait_for(lambda: listener.on("dms/van/availability") == ["online"])
    states = len(messages(listener, "state"))
    asker = subprocess.Popen(
        [sys.executable, "-m", "dms", "test-alert", "--config", str(dms.config), "--seconds", "0.5", "--json"],
        stdout=subprocess.PIPE,
    )
    first = wait_for(lambda: messages(listener, "alert/fatigue"))[0]
    listener.publish("dms/van/cmd/ack", json.dumps({"event_id": first["event_id"]}))
    out, _ = asker.communicate(timeout=120)
    report = json.loads(out)
    assert (asker.returncode, report["well"], report["told"]) == (0, True, ["hook", "mqtt"]), report
    steps = wait_for(lambda: len(found := messages(listener, "alert/fatigue")) == 2 and found)
    assert [(one["phase"], one["test"], one["sequence"], one["evidence"]) for one in steps] == [
        ("start", True, 1, {"cause": "test"}),
        ("end", True, 2, {"cause": "test"}),
    ]
    assert {one["event_id"] for one in steps} == {report["event_id"]}
    told = {(one["part"], one["phase"]): one for one in report["outcomes"]}
    assert set(told) == {(part, phase) for part in ("daemon", "hook", "mqtt") for phase in ("start", "end")} | {
        ("acknowledgement", "start")
    }
    assert told["hook", "start"]["text"] == f"{tmp_path}/hook ended with code 0"
    assert "PUBACK" in told["mqtt", "end"]["text"]
    assert all(one["ok"] and one["after_ms"] >= 0 for one in told.values())
    lines = (tmp_path / "out").read_text().splitlines()
    assert lines[::2] == ["start 1", "end 1"]
    assert all(ALERT.validate_json(line).test for line in lines[1::2])
    after = messages(listener, "state")[states:]
    assert [one for one in after if one["open_alerts"] or one["fatigue"]] == []
    assert dms.end()[0] == 0


@pytest.mark.slow
def test_what_fails_is_named_and_the_exit_code_says_so(start: Callable[..., Dms], tmp_path: Path) -> None:
    dms = start(1, "/dev/video99", hook(tmp_path, "exit 3"))
    wait_for((dms.state_dir / "control.sock").exists)
    code, out, errors = command(dms, "--seconds", "0.5", "--level", "asleep")
    assert (code, errors) == (1, "")
    assert out.startswith("test alert fatigue asleep, 0.5 s, told to hook, mqtt\n")
    assert "failed  start  hook" in out
    assert "ended with code 3" in out
    assert "failed  end    mqtt" in out
    assert "the message waits on disk" in out
    assert "nobody has taken note within 10 s" in out
    code, _, errors = command(dms, "--kind", "anger", "--level", "asleep")
    assert (code, errors) == (2, "dms: asleep is no level of anger; it has irritated, angry\n")
    dms.end()
    code, _, errors = command(dms)
    assert code == 1
    assert "no dms runs" in errors


@pytest.mark.slow
def test_one_who_goes_away_ends_it(mosquitto: Any, start: Callable[..., Dms]) -> None:
    listener = mosquitto.listen()
    dms = start(mosquitto.port, "/dev/video99")
    wait_for((dms.state_dir / "control.sock").exists)
    asking = ask(dms.state_dir, "test_alert", {"seconds": 60.0})
    next(asking)
    wait_for(lambda: messages(listener, "alert/fatigue"))
    asking.close()
    steps = wait_for(lambda: len(found := messages(listener, "alert/fatigue")) == 2 and found)
    assert (steps[1]["phase"], steps[1]["evidence"]) == ("end", {"cause": "test"})
    assert dms.end()[0] == 0


@pytest.mark.slow
def test_a_daemon_that_is_killed_in_a_test_ends_it_at_its_next_start_and_says_still_that_it_was_one(
    mosquitto: Any, start: Callable[..., Dms]
) -> None:
    listener = mosquitto.listen()
    dms = start(mosquitto.port, "/dev/video99")
    wait_for((dms.state_dir / "control.sock").exists)
    asking = ask(dms.state_dir, "test_alert", {"seconds": 60.0})
    next(asking)
    wait_for(lambda: messages(listener, "alert/fatigue"))
    dms.end(signal.SIGKILL)
    second = start(mosquitto.port, "/dev/video99")
    # a start that the broker had not acknowledged at the kill comes once more
    steps = wait_for(lambda: (found := messages(listener, "alert/fatigue"))[-1]["phase"] == "end" and found)
    told = {(one["sequence"], one["phase"], one["test"], one["evidence"]["cause"]) for one in steps}
    assert told == {(1, "start", True, "test"), (2, "end", True, "restart")}
    assert second.end()[0] == 0
