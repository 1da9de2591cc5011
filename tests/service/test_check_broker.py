"""`dms check` asks of the broker what `dms run` asks, and disturbs no daemon."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dms.alerts.topics import Topics
from dms.config import Config, MqttSettings, ServiceSettings, VehicleSettings
from dms.service.check import Finding, _broker
from dms.service.lock import lock_folder
from tests.conftest import free_port, until

TOPICS = Topics("van")


def check(folder: Path, port: int, **mqtt: Any) -> Finding:
    return _broker(
        Config(
            vehicle=VehicleSettings(id="van"),
            mqtt=MqttSettings.model_validate({"host": "127.0.0.1", "port": port, **mqtt}),
            service=ServiceSettings(state_dir=folder),
        )
    )


def test_a_broker_that_takes_all_is_left_as_a_stop_leaves_it(mosquitto: Any, tmp_path: Path) -> None:
    found = check(tmp_path / "state", mosquitto.port, home_assistant=True)
    assert (found.verdict, found.text) == ("ok", f"127.0.0.1:{mosquitto.port} accepts this vehicle, MQTT 5")
    listener = mosquitto.listen()
    until(lambda: len(listener.heard) == 4)
    assert listener.on(TOPICS.availability) == ["offline"]
    assert json.loads(listener.on(TOPICS.health)[0])["status"] == "stopped"
    assert json.loads(listener.on(TOPICS.info)[0])["models"]
    assert listener.on("homeassistant/device/dms-van/config")
    assert not (tmp_path / "state").exists()


def test_what_the_broker_does_not_take_is_named_with_its_size(
    mosquitto_factory: Callable[..., Any], tmp_path: Path
) -> None:
    broker = mosquitto_factory(config="allow_anonymous true\nmax_packet_size 1000\nretain_available false")
    broker.start()
    found = check(tmp_path, broker.port)
    assert found.verdict == "warning"
    assert f"{TOPICS.info} is left out: " in found.text
    assert "it takes 1000" in found.text
    assert f"{TOPICS.state} may be left out" in found.text
    assert "keeps no retained messages" in found.text


def test_a_broker_of_qos_0_only_is_named(mosquitto_factory: Callable[..., Any], tmp_path: Path) -> None:
    broker = mosquitto_factory(config="allow_anonymous true\nmax_qos 0")
    broker.start()
    found = check(tmp_path, broker.port)
    assert "alerts would stay on disk: it takes QoS 0 only" in found.text


def test_a_topic_that_is_refused_is_named(mosquitto_factory: Callable[..., Any], tmp_path: Path) -> None:
    acl = tmp_path / "acl"
    acl.write_text("topic write dms/van/availability\ntopic write dms/van/health\ntopic read #\n")
    acl.chmod(0o600)
    broker = mosquitto_factory(config=f"allow_anonymous true\nacl_file {acl}", max_queued_messages=1000)
    broker.start()
    assert f"but {TOPICS.info} refused: Not authorized" in check(tmp_path / "state", broker.port).text


def test_a_daemon_that_runs_is_not_disturbed(mosquitto: Any, tmp_path: Path) -> None:
    with lock_folder(tmp_path):
        listener = mosquitto.listen()
        found = check(tmp_path, mosquitto.port)
    assert found.verdict == "ok"
    assert "a daemon runs here" in found.text
    assert listener.heard == []


def test_a_broker_that_is_away_is_told(tmp_path: Path) -> None:
    found = check(tmp_path, free_port())
    assert found.verdict == "warning"
    assert "cannot be reached" in found.text
