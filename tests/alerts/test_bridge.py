"""The documented deployment: an on-board Mosquitto with a persistent bridge to a fleet broker. Two real brokers."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dms.alerts.topics import Topics
from dms.driver.inputs import Acknowledgement
from dms.driver.state import Phase
from tests.conftest import MOSQUITTO, answers, free_port, until

from .make import FATIGUE, VEHICLE, Vehicle, steps
from .test_tls import Authority, authority  # noqa: F401  (a fixture)

DEPLOY = Path(__file__).parents[2] / "deploy" / "mosquitto"
SECRET = "correct-horse"
TOPICS = Topics(VEHICLE)


DEBIAN = """\
pid_file {folder}/mosquitto.pid

persistence true
persistence_location {folder}/

log_dest file {folder}/mosquitto.log

include_dir {folder}/conf.d
"""
"""What stands in Debian's /etc/mosquitto/mosquitto.conf, with a folder of the test's."""


def shipped(name: str, **replaced: str) -> str:
    """A configuration as it is shipped, with the lines of the test's own machine in place of some."""
    text = (DEPLOY / name).read_text()
    # the test's broker sets these itself
    for option in ("listener", "persistence", "autosave_interval", "max_queued_messages"):
        text = re.sub(rf"^{option} .*\n", "", text, flags=re.MULTILINE)
    for option, value in replaced.items():
        text, count = re.subn(rf"^{option} .*\n", value, text, flags=re.MULTILINE)
        assert count == 1, f"{name} has no line {option!r}"
    return text


def test_the_shipped_files_start_a_broker_below_the_lines_that_debian_has_already(
    tmp_path: Path,
    authority: Authority,  # noqa: F811
) -> None:
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    cert, key = authority.issue("localhost")
    passwords, acl = tmp_path / "dms.passwd", tmp_path / "dms.acl"
    passwords.touch(0o600)
    acl.touch(0o600)
    elsewhere = {
        "/etc/mosquitto/dms.passwd": str(passwords),
        "/etc/mosquitto/dms.acl": str(acl),
        "/etc/mosquitto/certs/ca.crt": str(authority.ca),
        "/etc/mosquitto/certs/server.crt": str(cert),
        "/etc/mosquitto/certs/server.key": str(key),
        "/etc/ssl/certs/ca-certificates.crt": str(authority.ca),
        "address fleet.example.com:8883": f"address 127.0.0.1:{free_port()}",
    }
    for name, listener in (("vehicle.conf", "listener 1883 127.0.0.1"), ("fleet.conf", "listener 8883")):
        port = free_port()
        folder = tmp_path / name
        (folder / "conf.d").mkdir(parents=True)
        text = (DEPLOY / name).read_text()
        assert listener in text
        # only what another machine has elsewhere is replaced; every line stays
        for usual, here in {**elsewhere, listener: f"listener {port} 127.0.0.1"}.items():
            text = text.replace(usual, here)
        (folder / "conf.d" / name).write_text(text)
        user = "user root\n" if os.geteuid() == 0 else ""
        main = folder / "mosquitto.conf"
        main.write_text(user + DEBIAN.format(folder=folder))
        with (folder / "stderr").open("wb") as errors:
            broker = subprocess.Popen([MOSQUITTO, "-c", main], stderr=errors)
        try:
            until(partial(ended_or_answers, broker, port))
            assert broker.poll() is None, (folder / "stderr").read_text()
        finally:
            broker.terminate()
            broker.wait(60.0)
        assert (folder / "mosquitto.db").exists()  # it is kept where Debian's line says


def ended_or_answers(broker: "subprocess.Popen[bytes]", port: int) -> bool:
    return broker.poll() is not None or answers(port)


def has_steps(listener: Any, count: int) -> bool:
    return len(steps(listener.on(FATIGUE))) == count


@pytest.fixture
def brokers(
    mosquitto_factory: Callable[..., Any],
    tmp_path: Path,
    authority: Authority,  # noqa: F811
) -> tuple[Any, Any, int]:
    """On board and fleet from the shipped files, on free ports; the port on which the fleet's backend needs no TLS."""
    if shutil.which("mosquitto_passwd") is None:
        pytest.skip("mosquitto_passwd is not installed: apt-get install mosquitto")
    passwords, acl = tmp_path / "dms.passwd", tmp_path / "dms.acl"
    passwords.write_text("".join(f"{user}:{SECRET}\n" for user in (VEHICLE, "cabin", "fleet")))
    shutil.copy(DEPLOY / "dms.acl", acl)
    for file in (passwords, acl):
        file.chmod(0o600)
    subprocess.run(["mosquitto_passwd", "-U", passwords], check=True)
    guarded = {"password_file": f"password_file {passwords}\n", "acl_file": f"acl_file {acl}\n"}
    cert, key = authority.issue("localhost")
    tls = {"cafile": f"cafile {authority.ca}\n", "certfile": f"certfile {cert}\n", "keyfile": f"keyfile {key}\n"}
    inside = free_port()
    fleet = mosquitto_factory(
        config=shipped("fleet.conf", **guarded, **tls) + f"\nlistener {inside} 127.0.0.1", name="fleet"
    )
    on_board = mosquitto_factory(
        config=shipped(
            "vehicle.conf",
            **guarded,
            address=f"address 127.0.0.1:{fleet.port}\n",
            bridge_cafile=f"bridge_cafile {authority.ca}\n",
            remote_password=f"remote_password {SECRET}\n",
            restart_timeout="restart_timeout 1 1\n",
        ),
        name="on-board",
    )
    fleet.start()
    on_board.start()
    return on_board, fleet, inside


@pytest.mark.slow
def test_what_happens_while_the_bridge_is_cut_arrives_afterwards_and_none_is_missing(
    brokers: tuple[Any, Any, int], tmp_path: Path
) -> None:
    on_board, fleet, inside = brokers
    login = tmp_path / "login"
    login.write_text(f"{VEHICLE}\n{SECRET}\n")
    backend = fleet.listen("dms/#", "backend", ("fleet", SECRET), inside)
    vehicle = Vehicle(tmp_path / "vehicle", on_board.port, login_file=login).start()
    vehicle.tell_state()
    for phase in Phase:
        vehicle.raise_alert(phase, 1)
    until(lambda: len(steps(backend.on(FATIGUE))) == 3 and backend.on(TOPICS.state))
    for cut in range(3):
        fleet.stop()
        for episode in range(10 * cut + 2, 10 * cut + 12):
            for phase in Phase:
                vehicle.raise_alert(phase, episode)
        until(vehicle.is_delivered)
        fleet.start()
        until(partial(has_steps, backend, 3 + 30 * (cut + 1)))
    arrived = steps(backend.on(FATIGUE))
    # Mosquitto may hand what it queued for a returning subscriber and what is new to it out of turn
    assert sorted(number for number, _, _ in arrived) == list(range(1, 94))
    assert len({event_id for _, event_id, _ in arrived}) == 31

    # and the way back
    def acknowledged() -> bool:
        backend.publish(TOPICS.acknowledge, "{}")
        time.sleep(0.2)
        return Acknowledgement in map(type, vehicle.inputs)

    until(acknowledged)
    vehicle.stop()
    until(lambda: backend.on(TOPICS.availability)[-1:] == ["offline"])
