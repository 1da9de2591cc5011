"""The examples do what they say."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dms.driver.state import Phase
from tests.conftest import until

from .make import ANGER, FATIGUE, Vehicle, entry

EXAMPLES = Path(__file__).parents[2] / "examples"


class Subscriber:
    """The fleet's subscriber, as a process."""

    def __init__(self, port: int, database: Path) -> None:
        command = [
            sys.executable,
            str(EXAMPLES / "fleet_subscriber.py"),
            "127.0.0.1",
            str(database),
            "--port",
            str(port),
        ]
        self.said = database.with_suffix(".out")
        with self.said.open("a") as out, database.with_suffix(".err").open("w") as errors:
            self._process = subprocess.Popen(command, stdout=out, stderr=errors)
        self._errors = database.with_suffix(".err")

    def lines(self) -> list[str]:
        return self.said.read_text().splitlines()

    def end(self) -> list[str]:
        """Interrupt it; gives its report."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(60.0)
        return self._errors.read_text().splitlines()


def test_the_fleet_subscriber_keeps_each_alert_once_and_reports_gaps_and_open_alerts(
    mosquitto: Any, tmp_path: Path
) -> None:
    database = tmp_path / "alerts.sqlite"
    fleet = mosquitto.listen("nothing", client_id="helper")
    subscriber = Subscriber(mosquitto.port, database)
    # a first message that it hears: from now on the broker keeps its session
    first = entry(Phase.START, 1, ANGER)
    until(lambda: fleet.publish(ANGER, first.payload) or subscriber.lines())
    subscriber.end()
    van = Vehicle(tmp_path / "van", mosquitto.port).start()
    van.tell_state()
    for phase in Phase:
        van.raise_alert(phase, 1)
    van.raise_alert(Phase.START, 2)
    until(van.is_delivered)
    van.stop()
    late = entry(Phase.START, 9, FATIGUE)
    for payload in (late.payload, late.payload, "no alert"):
        fleet.publish(FATIGUE, payload)
    subscriber = Subscriber(mosquitto.port, database)
    until(lambda: len(subscriber.lines()) == 6)
    report = subscriber.end()
    assert f"gap: {FATIGUE} 5 to 8" in report
    assert sorted(line.split()[1] for line in report if line.startswith("open:")) == [ANGER, FATIGUE]
    assert len(set(subscriber.lines())) == 6


def wake(payload: dict[str, Any]) -> Any:
    """What the flow's function makes of a message, in Node."""
    flow = json.loads((EXAMPLES / "node_red_flow.json").read_text())
    (code,) = (node["func"] for node in flow if node["type"] == "function")
    script = (
        "const kept = {}; const context = {get: k => kept[k], set: (k, v) => { kept[k] = v; }};"
        f"const run = msg => {{ {code} }};"
        "const msg = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "console.log(JSON.stringify([run(msg), run(msg)]));"
    )
    message = json.dumps({"topic": FATIGUE, "payload": payload})
    ran = subprocess.run(["node", "-e", script], input=message, capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)


@pytest.mark.parametrize(
    ("changes", "wakes"),
    [
        ({}, True),
        ({"level": "drowsy"}, False),
        ({"phase": "end"}, False),
        ({"late_s": 31.0}, False),
        ({"late_s": None}, False),
        ({"schema_version": 2}, False),
        ({"test": True}, True),
    ],
)
def test_the_node_red_flow_wakes_for_a_fresh_alert_once(changes: dict[str, Any], wakes: bool) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed: apt-get install nodejs")
    payload = {**json.loads(entry().payload), "level": "asleep", **changes}
    first, repeat = wake(payload)
    assert (first is not None) == wakes
    assert ("a test" in str(first)) == bool(changes.get("test"))
    assert repeat is None


def test_the_node_red_flow_is_wired() -> None:
    flow = json.loads((EXAMPLES / "node_red_flow.json").read_text())
    ids = {node["id"] for node in flow}
    assert len(ids) == len(flow)
    for node in flow:
        assert {target for wire in node.get("wires", ()) for target in wire} <= ids
