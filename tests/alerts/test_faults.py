"""Every alert arrives at least once and in order, whatever is killed, cut or delayed on the way."""

import json
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dms.driver.state import AlertKind, Phase
from tests.conftest import until

from .make import ANGER, FATIGUE, Vehicle, steps
from .proxy import Proxy
from .test_outbox import assert_sound

WORKER = Path(__file__).parent / "worker.py"
PHASES = list(Phase)


def assert_in_order(payloads: list[str]) -> None:
    """First arrivals count up by one; the phases of each alert come in their order."""
    arrived = steps(payloads)
    numbers = [number for number, _, _ in arrived]
    assert numbers == list(range(1, len(numbers) + 1))
    phases: dict[str, list[str]] = defaultdict(list)
    for _, event_id, phase in arrived:
        phases[event_id].append(phase)
    for seen in phases.values():
        assert seen == PHASES[: len(seen)]


def assert_repeats_are_identical(payloads: list[str]) -> None:
    messages: dict[tuple[str, int], dict[str, Any]] = {}
    for payload in payloads:
        message = json.loads(payload)
        del message["late_s"]
        assert messages.setdefault((message["event_id"], message["sequence"]), message) == message


def raise_all(vehicle: Vehicle, count: int, between: Callable[[int], None]) -> None:
    for number in range(count):
        between(number)
        kind = list(AlertKind)[number // 3 % 2]
        vehicle.raise_alert(PHASES[number % 3], 1 + number // 6, kind)


@pytest.mark.slow
def test_the_broker_is_killed_twenty_times_during_a_thousand_alerts(
    mosquitto_factory: Callable[..., Any], tmp_path: Path
) -> None:
    """Half of the kills are SIGTERM in the middle of the stream, half are SIGKILL once the subscriber has caught up.

    A broker that dies by SIGKILL between its acknowledgement and the subscriber takes what it has acknowledged with it;
    no publisher can know.
    """
    broker = mosquitto_factory()
    broker.start()
    listener = broker.listen("dms/+/alert/#")
    vehicle = Vehicle(tmp_path / "vehicle", broker.port).start()
    chance = random.Random(9)
    kills = 0

    def arrived() -> int:
        return len(steps(listener.on(FATIGUE))) + len(steps(listener.on(ANGER)))

    def between(number: int) -> None:
        nonlocal kills
        if number % 50 == 25:
            until(listener.is_connected)
            until(lambda: vehicle.publisher.status.connected)
            if kills % 2:
                until(lambda: vehicle.is_delivered() and arrived() == number)
                broker.save()
                broker.stop(signal.SIGKILL)
            else:
                time.sleep(chance.uniform(0.0, 0.02))
                broker.stop(signal.SIGTERM)
            kills += 1
        if number % 50 == 40:
            broker.start()

    raise_all(vehicle, 1000, between)
    until(vehicle.is_delivered)
    until(lambda: arrived() == 1000)
    vehicle.stop()
    assert kills == 20
    for topic in (FATIGUE, ANGER):
        assert_in_order(listener.on(topic))
        assert_repeats_are_identical(listener.on(topic))
    assert_sound(tmp_path / "vehicle" / "outbox.sqlite")


@pytest.mark.slow
def test_the_daemon_is_killed_fifty_times_during_five_hundred_alerts(mosquitto: Any, tmp_path: Path) -> None:
    listener = mosquitto.listen("dms/+/alert/#")
    command: list[str | Path] = [sys.executable, WORKER, tmp_path, str(mosquitto.port), "50", "500"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert ran.returncode == 0, ran.stderr
    journal = [json.loads(line) for line in (tmp_path / "journal").read_text().splitlines()]
    intended = {(event_id, phase) for _, event_id, phase, raised in journal if not raised}
    raised = {(event_id, phase) for _, event_id, phase, raised in journal if raised}
    assert len(raised) >= 500

    def arrived() -> set[tuple[str, str]]:
        return {(event_id, phase) for topic in (FATIGUE, ANGER) for _, event_id, phase in steps(listener.on(topic))}

    until(lambda: raised <= arrived())
    assert arrived() <= intended
    for topic in (FATIGUE, ANGER):
        assert_in_order(listener.on(topic))
        assert_repeats_are_identical(listener.on(topic))


@pytest.mark.slow
def test_a_network_that_delays_truncates_and_goes_silent_loses_nothing(mosquitto: Any, tmp_path: Path) -> None:
    listener = mosquitto.listen("dms/+/alert/#")
    proxy = Proxy(mosquitto.port, seed=10)
    proxy.bad.set()
    vehicle = Vehicle(tmp_path / "vehicle", proxy.port, acknowledge_s=1.0, inflight=5).start()
    vehicle.tell_state()
    raise_all(vehicle, 300, lambda number: time.sleep(0.01))
    time.sleep(2.0)
    proxy.bad.clear()
    until(vehicle.is_delivered)
    until(lambda: len(steps(listener.on(FATIGUE))) + len(steps(listener.on(ANGER))) == 300)
    vehicle.stop()
    proxy.close()
    assert proxy.cuts > 0
    assert vehicle.publisher.status.connects > 1
    for topic in (FATIGUE, ANGER):
        assert_in_order(listener.on(topic))
        assert_repeats_are_identical(listener.on(topic))
    assert_sound(tmp_path / "vehicle" / "outbox.sqlite")
