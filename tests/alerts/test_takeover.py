"""An update and a rollback cost no alert: what waits in the first release's outbox goes out by this one, and back.

The first release is the wheel of the commit below, built from this repository's history.
"""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dms.alerts.delivery.outbox import Outbox
from dms.driver.state import Phase
from tests.conftest import free_port, until

from .make import FATIGUE, VEHICLE, Vehicle, steps

FIRST = "6946d1c"
ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from dms.alerts.clock import Clock
from dms.alerts.encoder import Encoder
from dms.alerts.mqtt import Publisher
from dms.alerts.outbox import Outbox
from dms.config.alerts import MqttSettings
from dms.driver.state import Alert, AlertKind, FatigueLevel, Phase
import dms
assert dms.__file__.startswith(sys.argv[1]), dms.__file__
path, port, session, count = Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4], int(sys.argv[5])
outbox, clock = Outbox(path, 1000), Clock(trust=True)
assert outbox.error is None, outbox.error
topic = "dms/van-7/alert/fatigue"
encoder = Encoder("van-7", session, clock.stamp, {topic: outbox.last_sequence(topic)})
settings = MqttSettings(host="127.0.0.1", port=port, retry_min_s=0.05, retry_max_s=0.2)
publisher = Publisher(settings, encoder, outbox, clock)
for episode in range(1, count + 1):
    now = clock.now()
    publisher.alert(Alert(AlertKind.FATIGUE, Phase.START, FatigueLevel.ASLEEP, episode, now, now, {"closed_s": 1.0}))
if count == 0:
    publisher.start()
    while len(outbox):
        time.sleep(0.01)
    publisher.stop(5.0)
assert outbox.error is None, outbox.error
outbox.close()
"""


@pytest.fixture(scope="session")
def first_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the first release's package, out of its wheel."""
    folder = tmp_path_factory.mktemp("first")
    archive = subprocess.run(["git", "archive", FIRST], cwd=ROOT, capture_output=True, check=False)
    if archive.returncode:
        pytest.skip(f"{FIRST} is not in this clone's history: git fetch --unshallow")
    source = folder / "source"
    source.mkdir()
    subprocess.run(["tar", "-x"], cwd=source, input=archive.stdout, check=True)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "wheel")]
    subprocess.run(build, cwd=source, check=True, capture_output=True)
    (wheel,) = (folder / "wheel").glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "site")
    return folder / "site"


@pytest.fixture
def by_first_release(first_release: Path, tmp_path: Path) -> Callable[..., None]:
    """Runs the first release on the vehicle's outbox: it raises alerts without a broker, or delivers all that waits."""

    def run(port: int, session: str, count: int) -> None:
        command = [
            sys.executable,
            "-I",
            "-c",
            SCRIPT,
            str(first_release),
            str(database(tmp_path)),
            str(port),
            session,
            str(count),
        ]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert ran.returncode == 0, ran.stderr

    return run


def database(folder: Path) -> Path:
    return folder / "vehicle" / "outbox.sqlite"


def test_what_waits_in_the_first_releases_outbox_is_delivered_by_this_one(
    mosquitto: Any, tmp_path: Path, by_first_release: Callable[..., None]
) -> None:
    by_first_release(free_port(), "first", 20)
    listener = mosquitto.listen(FATIGUE)
    van = Vehicle(tmp_path / "vehicle", mosquitto.port)
    assert (len(van.outbox), van.outbox.status.damage, van.outbox.last_sequence(FATIGUE)) == (20, None, 20)
    van.start()
    until(van.is_delivered)
    until(lambda: len(steps(listener.on(FATIGUE))) == 20)
    van.stop()


def test_after_a_rollback_the_first_release_delivers_what_waits_and_the_next_update_finds_all_sound(
    mosquitto: Any, tmp_path: Path, by_first_release: Callable[..., None]
) -> None:
    by_first_release(free_port(), "first", 5)
    van = Vehicle(tmp_path / "vehicle", free_port(), session="second")
    for episode in range(1, 21):
        van.raise_alert(Phase.START, episode)
    van.stop()
    by_first_release(free_port(), "third", 5)
    listener = mosquitto.listen(FATIGUE)
    by_first_release(mosquitto.port, "fourth", 0)
    until(lambda: len(steps(listener.on(FATIGUE))) == 30)
    assert [number for number, _, _ in steps(listener.on(FATIGUE))] == list(range(1, 31))
    by_first_release(free_port(), "fifth", 3)
    again = Outbox(database(tmp_path), 1000)
    assert (again.status.damage, again.last_sequence(FATIGUE)) == (None, 33)
    assert [json.loads(one.payload)["sequence"] for _, one in again.waiting(10)] == [31, 32, 33]
    assert {one.topic for _, one in again.waiting(10)} == {f"dms/{VEHICLE}/alert/fatigue"}
