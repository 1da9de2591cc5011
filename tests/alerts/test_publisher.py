"""Delivery through a real broker: order, presence, outages, refusals, inputs."""

import json
import logging
import random
import shutil
import signal
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import publish as mqtt_publish

from dms.alerts.health import BrokerHealth, CameraHealth, HealthMessage, ModelsHealth
from dms.alerts.inputs import DriverNamed
from dms.alerts.messages import InfoMessage
from dms.alerts.topics import Topics
from dms.driver.inputs import Acknowledgement, VehicleSpeed
from dms.driver.state import AlertKind, Condition, Phase
from dms.errors import UserError
from tests.conftest import free_port, until

from .make import ANGER, FATIGUE, GOOD_UTC, VEHICLE, Times, Vehicle, entry, steps
from .odd import Odd

TOPICS = Topics(VEHICLE)
DISCOVERY = f"homeassistant/device/dms-{VEHICLE}/config"
DEPLOY = Path(__file__).parents[2] / "deploy" / "mosquitto"


def health() -> HealthMessage:
    return HealthMessage(
        at=datetime.now(UTC),
        clock="synchronised",
        status="running",
        uptime_s=1.0,
        camera=CameraHealth(status="ok", frames_per_s=15.0, dropped=0, reconnects=0, error=None),
        models=ModelsHealth(status="ok", hashes={"face": "0" * 12}, stage_ms={"face": 2.0}, error=None),
        broker=BrokerHealth(
            status="ok",
            outbox=0,
            outbox_error=None,
            dropped=0,
            connects=1,
            inputs_rejected=0,
            latency_s=None,
            latency_p99_s=None,
            error=None,
        ),
        rss_mb=90.0,
        cpu_temperature_c=None,
    )


def info() -> InfoMessage:
    return InfoMessage(at=datetime.now(UTC), clock="synchronised", version="1", session="s", models={}, config={})


def last(listener: Any, topic: str) -> Any:
    return json.loads(listener.on(topic)[-1])


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_online_comes_after_the_first_state_and_offline_after_the_last_word(
    mosquitto: Any, vehicle: Callable[..., Vehicle], protocol: str
) -> None:
    listener = mosquitto.listen()
    van = vehicle(mosquitto.port, protocol=protocol).start()
    van.publisher.info(info())
    van.publisher.health(health())
    until(lambda: listener.on(TOPICS.health))
    assert not listener.on(TOPICS.availability)
    van.tell_state()
    until(lambda: listener.on(TOPICS.availability) == ["online"])
    van.raise_alert(Phase.START, 1)
    until(van.is_delivered)
    van.publisher.stop(5.0)
    until(lambda: listener.on(TOPICS.availability) == ["online", "offline"])
    assert last(listener, TOPICS.health)["status"] == "stopped"
    order = [heard.topic.removeprefix(f"dms/{VEHICLE}/") for heard in listener.heard]
    assert sorted(order[:2]) == ["health", "info"]
    assert order[2:] == ["state", "availability", "alert/fatigue", "health", "availability"]


def heard_of(listener: Any, alerts: int, states: int) -> bool:
    """Whether so many have arrived."""
    return len(listener.on(FATIGUE)) == alerts and len(listener.on(TOPICS.state)) == states


def test_an_alert_goes_before_the_state_that_it_led_to(mosquitto: Any, vehicle: Callable[..., Vehicle]) -> None:
    listener = mosquitto.listen()
    van = vehicle(mosquitto.port).start()
    van.tell_state()
    until(lambda: listener.on(TOPICS.availability))
    for episode in range(1, 21):
        van.raise_alert(Phase.START, episode)
        van.tell_state(Condition.FATIGUED)
        until(partial(heard_of, listener, episode, episode + 1))
        assert [heard.topic for heard in listener.heard[-2:]] == [FATIGUE, TOPICS.state]


def test_a_crash_leaves_offline_by_the_last_will_and_no_word_of_a_stop(
    mosquitto: Any, vehicle: Callable[..., Vehicle]
) -> None:
    listener = mosquitto.listen()
    van = vehicle(mosquitto.port).start()
    van.publisher.health(health())
    van.tell_state()
    until(lambda: listener.on(TOPICS.availability) == ["online"])
    takeover = vehicle(mosquitto.port, folder="other")  # same client id: the broker throws the first one out
    takeover.start()
    until(lambda: "offline" in listener.on(TOPICS.availability))
    assert last(listener, TOPICS.health)["status"] == "running"


def test_retained_topics_are_kept_for_those_who_come_later_and_alerts_are_not(
    mosquitto: Any, vehicle: Callable[..., Vehicle]
) -> None:
    early = mosquitto.listen(client_id="early")
    van = vehicle(mosquitto.port).start()
    van.publisher.info(info())
    van.publisher.health(health())
    van.tell_state(Condition.ATTENTIVE)
    van.tell_state(Condition.FATIGUED)
    van.raise_alert(Phase.START, 1)
    van.raise_alert(Phase.START, 1, AlertKind.ANGER)
    # once somebody who was there from the beginning has heard it all, the broker has it
    until(lambda: len(early.on(FATIGUE)) == len(early.on(ANGER)) == 1 and early.on(TOPICS.availability) == ["online"])
    until(lambda: early.on(TOPICS.info) and early.on(TOPICS.health))
    until(lambda: last(early, TOPICS.state)["condition"] == "fatigued")
    listener = mosquitto.listen()
    until(lambda: len(listener.heard) == 4)
    assert {heard.topic: heard.retained for heard in listener.heard} == {
        TOPICS.availability: True,
        TOPICS.info: True,
        TOPICS.health: True,
        TOPICS.state: True,
    }
    assert last(listener, TOPICS.state)["condition"] == "fatigued"


def test_while_the_broker_is_away_alerts_wait_and_only_the_newest_state_counts(
    mosquitto_factory: Callable[..., Any], vehicle: Callable[..., Vehicle]
) -> None:
    broker = mosquitto_factory()
    broker.start()
    listener = broker.listen()
    broker.stop()
    van = vehicle(broker.port).start()
    for phase in Phase:
        van.raise_alert(phase, 1)
    until(lambda: van.publisher.status.error is not None)
    assert not van.publisher.status.connected
    assert not van.publisher.status.refused
    assert van.publisher.status.outbox == 3
    van.stop()
    # the daemon is started anew, and still before the broker
    again = vehicle(broker.port, session="another").start()
    again.tell_state(Condition.UNKNOWN)
    again.raise_alert(Phase.START, 1)
    again.tell_state(Condition.ATTENTIVE)
    broker.start()
    until(again.is_delivered)
    assert again.publisher.status.error is None
    until(lambda: listener.on(TOPICS.state) and len(steps(listener.on(FATIGUE))) == 4)
    arrived = steps(listener.on(FATIGUE))
    assert [(number, phase) for number, _, phase in arrived] == [(1, "start"), (2, "update"), (3, "end"), (4, "start")]
    assert len({event_id for _, event_id, _ in arrived}) == 2
    assert {json.loads(payload)["condition"] for payload in listener.on(TOPICS.state)} == {"attentive"}


def test_alerts_raised_during_an_outage_arrive_in_order_and_say_how_late(
    mosquitto_factory: Callable[..., Any], vehicle: Callable[..., Vehicle]
) -> None:
    broker = mosquitto_factory()
    broker.start()
    listener = broker.listen("dms/#")
    times = Times()
    van = vehicle(broker.port, clock=times.clock(), inflight=3).start()
    van.raise_alert(Phase.START, 1)
    until(lambda: len(listener.on(FATIGUE)) == 1)
    until(van.is_delivered)
    broker.stop()
    until(lambda: not van.publisher.status.connected)
    for phase in (Phase.UPDATE, Phase.END):
        van.raise_alert(phase, 1)
    for kind in AlertKind:
        van.raise_alert(Phase.START, 2, kind)
    times.passes(600.0)
    broker.start()
    until(lambda: len(steps(listener.on(FATIGUE))) == 4 and listener.on(ANGER))
    assert [step[0] for step in steps(listener.on(FATIGUE))] == [1, 2, 3, 4]
    assert [step[2] for step in steps(listener.on(FATIGUE))] == ["start", "update", "end", "start"]
    late = [json.loads(payload)["late_s"] for payload in listener.on(FATIGUE)]
    assert late[0] == 0.0
    assert min(late[1:]) == 600.0


def test_a_clock_that_becomes_good_corrects_what_waits(
    mosquitto_factory: Callable[..., Any], vehicle: Callable[..., Vehicle]
) -> None:
    broker = mosquitto_factory()
    broker.start()
    listener = broker.listen()
    broker.stop()
    times = Times(monotonic=50.0, utc=50.0, disciplined=False)
    van = vehicle(broker.port, clock=times.clock()).start()
    van.raise_alert(Phase.START, 1)
    times.passes(100.0)
    times.utc, times.disciplined = GOOD_UTC, True
    van.raise_alert(Phase.END, 1)
    broker.start()
    until(lambda: len(steps(listener.on(FATIGUE))) == 2)
    messages = (json.loads(payload) for payload in listener.on(FATIGUE))
    assert {(one["sequence"], one["clock"], one["at"]) for one in messages} == {
        (1, "corrected", "2027-01-15T07:58:20.000Z"),
        (2, "synchronised", "2027-01-15T08:00:00.000Z"),
    }


def test_a_wall_clock_that_jumps_an_hour_either_way_changes_neither_order_nor_lateness(
    mosquitto_factory: Callable[..., Any], vehicle: Callable[..., Vehicle]
) -> None:
    broker = mosquitto_factory()
    broker.start()
    listener = broker.listen(FATIGUE)
    broker.stop()
    times = Times()
    van = vehicle(broker.port, clock=times.clock()).start()
    for episode, jump_s in enumerate((0.0, 3600.0, -7200.0, 3600.0), start=1):
        times.utc += jump_s
        van.raise_alert(Phase.START, episode)
        times.passes(10.0)
    broker.start()
    until(lambda: len(steps(listener.on(FATIGUE))) == 4)
    assert [number for number, _, _ in steps(listener.on(FATIGUE))] == [1, 2, 3, 4]
    late = {message["sequence"]: message["late_s"] for message in map(json.loads, listener.on(FATIGUE))}
    assert late == {1: 40.0, 2: 30.0, 3: 20.0, 4: 10.0}


def test_message_expiry_is_sent_where_it_is_configured(mosquitto: Any, vehicle: Callable[..., Vehicle]) -> None:
    listener = mosquitto.listen()
    van = vehicle(mosquitto.port, alert_expiry_s=3600).start()
    van.tell_state()
    van.raise_alert(Phase.START, 1)
    until(lambda: listener.on(FATIGUE) and listener.on(TOPICS.state))
    expiry = {heard.topic: getattr(heard.properties, "MessageExpiryInterval", None) for heard in listener.heard}
    assert 3000 < int(expiry[FATIGUE] or 0) <= 3600, "the broker takes off what it took"
    assert expiry[TOPICS.state] is None


def test_the_brokers_own_window_is_respected(
    mosquitto_factory: Callable[..., Any], vehicle: Callable[..., Vehicle]
) -> None:
    broker = mosquitto_factory(config="allow_anonymous true\nmax_inflight_messages 1")
    broker.start()
    listener = broker.listen(FATIGUE)
    van = vehicle(broker.port).start()
    for episode in range(1, 51):
        van.raise_alert(Phase.START, episode)
    until(van.is_delivered)
    until(lambda: len(steps(listener.on(FATIGUE))) == 50)
    assert van.publisher.status.connects == 1


def login_file(folder: Path, user: str, password: str) -> Path:
    path = folder / f"login-{user}"
    path.write_text(f"{user}\n{password}\n")
    return path


SECRET = "correct-horse"


@pytest.fixture
def guard(tmp_path: Path) -> str:
    """What a broker is told for passwords and the shipped ACL."""
    passwords = tmp_path / "passwd"
    passwords.write_text("".join(f"{user}:{SECRET}\n" for user in (VEHICLE, "gateway", "cabin", "fleet")))
    passwords.chmod(0o600)
    if shutil.which("mosquitto_passwd") is None:
        pytest.skip("mosquitto_passwd is not installed: apt-get install mosquitto")
    subprocess.run(["mosquitto_passwd", "-U", passwords], check=True)
    acl = tmp_path / "acl"
    acl.write_text((DEPLOY / "dms.acl").read_text())
    acl.chmod(0o600)
    return f"allow_anonymous false\npassword_file {passwords}\nacl_file {acl}"


@pytest.fixture
def harsh(mosquitto_factory: Callable[..., Any], guard: str) -> Any:
    """A guarded broker that ends a connection when it refuses a message.

    Mosquitto 2.0.11 does where its queues are unlimited, as those of the tests' brokers are.
    """
    broker = mosquitto_factory(config=guard)
    broker.start()
    return broker


@pytest.fixture
def guarded(mosquitto_factory: Callable[..., Any], guard: str) -> Any:
    """One with limited queues, as in the shipped files: it refuses a message and keeps the connection."""
    broker = mosquitto_factory(config=guard, max_queued_messages=100_000)
    broker.start()
    return broker


def test_a_refused_login_is_a_state_not_an_end_and_no_secret_is_told(
    guarded: Any, vehicle: Callable[..., Vehicle], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    login = login_file(tmp_path, VEHICLE, "wrong-password")
    van = vehicle(guarded.port, login_file=login).start()
    van.raise_alert(Phase.START, 1)
    # an attempt that has just ended is told as refused a moment before its reason is
    status = until(lambda: (told := van.publisher.status).refused and told.error and told)
    assert status.error == "Not authorized"
    assert not status.connected
    # the password is put right while the daemon runs
    login_file(tmp_path, VEHICLE, SECRET)
    until(van.is_delivered)
    assert van.publisher.status.connected
    assert not van.publisher.status.refused
    told = caplog.text + repr(status) + van.settings.model_dump_json()
    assert SECRET not in told
    assert "wrong-password" not in told


def test_the_shipped_acl_lets_a_vehicle_write_its_own_topics_alone(
    guarded: Any, vehicle: Callable[..., Vehicle], tmp_path: Path
) -> None:
    fleet = guarded.listen("dms/#", "fleet", ("fleet", SECRET))
    van = vehicle(guarded.port, login_file=login_file(tmp_path, VEHICLE, SECRET)).start()
    van.tell_state()
    van.raise_alert(Phase.START, 1)
    until(lambda: fleet.on(FATIGUE) and fleet.on(TOPICS.availability))
    guarded.listen("dms/#", "gateway", ("gateway", SECRET)).publish(TOPICS.speed, '{"kmh": 80}')
    fleet.publish(TOPICS.acknowledge, "{}")
    until(lambda: len(van.inputs) == 2)
    for topic in ("dms/other/alert/fatigue", "dms/other/availability", TOPICS.speed, TOPICS.acknowledge, TOPICS.health):
        mqtt_publish.single(
            topic, "{}", hostname="127.0.0.1", port=guarded.port, auth={"username": VEHICLE, "password": SECRET}
        )
    until(lambda: fleet.on(TOPICS.health))
    assert not [heard.topic for heard in fleet.heard if heard.topic.startswith("dms/other")]
    assert len(van.inputs) == 2


def test_in_3_1_1_what_the_acl_refuses_is_acknowledged_and_thrown_away(
    guarded: Any, vehicle: Callable[..., Vehicle], tmp_path: Path
) -> None:
    """The protocol's behaviour, not ours: the reason why MQTT 5 is tried first."""
    fleet = guarded.listen("dms/#", "fleet", ("fleet", SECRET))
    van = vehicle(guarded.port, login_file=login_file(tmp_path, "cabin", SECRET), protocol="3.1.1").start()
    van.raise_alert(Phase.START, 1)
    until(van.is_delivered)
    fleet.publish(TOPICS.acknowledge, "{}")
    until(lambda: fleet.on(TOPICS.acknowledge))
    assert not fleet.on(FATIGUE)


def test_a_refused_topic_keeps_its_alerts_and_says_so(
    guarded: Any, vehicle: Callable[..., Vehicle], tmp_path: Path
) -> None:
    van = vehicle(guarded.port, login_file=login_file(tmp_path, "cabin", SECRET)).start()
    van.raise_alert(Phase.START, 1)
    status = until(lambda: van.publisher.status.refused and van.publisher.status)
    assert status.error == f"{FATIGUE} refused: Not authorized"
    assert status.outbox == 1


def allow(broker: Any, acl: Path, *, without: tuple[str, ...] = (), extra: str = "") -> None:
    """Let a running broker go by the shipped ACL without the lines that end so, and with more at its end."""
    lines = (DEPLOY / "dms.acl").read_text().splitlines()
    alerts = [f"topic deny dms/{VEHICLE}/{name}" for name in without if name.startswith("alert/")]
    others = tuple(f"%u/{name}" for name in without if not name.startswith("alert/"))
    kept = [line for line in lines if not line.endswith(others or "\n")]
    assert len(lines) - len(kept) == len(others)
    acl.write_text("\n".join([*kept, f"user {VEHICLE}", *alerts, extra]) + "\n")
    log = broker.folder / "mosquitto.log"
    reloads = log.read_text().count("Reloading config")
    broker._process.send_signal(signal.SIGHUP)
    until(lambda: log.read_text().count("Reloading config") > reloads)


def test_a_refused_alert_topic_holds_back_no_other_and_arrives_in_order_once_it_is_allowed(
    guarded: Any, vehicle: Callable[..., Vehicle], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(guarded, tmp_path / "acl", without=("alert/anger",))
    fleet = guarded.listen("dms/#", "fleet", ("fleet", SECRET))
    van = vehicle(guarded.port, login_file=login_file(tmp_path, VEHICLE, SECRET), inflight=4)
    delivery = van.publisher._courier.delivery
    following = delivery.next
    together: list[int] = []

    def note(now: float, clock: float) -> Any:
        publications = following(now, clock)
        anger = [one for one in publications if one.topic == ANGER]
        if anger and delivery.window is not None and van.publisher.status.refused:
            together.append(len(anger) + sum(one.topic == ANGER for one in delivery.window.flying))
        return publications

    monkeypatch.setattr(delivery, "next", note)
    for episode in range(1, 7):
        van.raise_alert(Phase.START, episode, AlertKind.ANGER)
    van.start()
    until(lambda: van.publisher.status.refused)
    for episode in range(1, 7):
        van.raise_alert(Phase.START, episode)
    until(lambda: len(steps(fleet.on(FATIGUE))) == 6)
    assert van.publisher.status.error == f"{ANGER} refused: Not authorized"
    until(lambda: van.publisher.status.outbox == 6)
    # what was refused is tried again with one message, not with a window full of them
    count = len(together)
    until(lambda: len(together) >= count + 3)
    assert set(together) == {1}
    allow(guarded, tmp_path / "acl")
    until(van.is_delivered)
    until(lambda: len(steps(fleet.on(ANGER))) == 6)
    for topic in (FATIGUE, ANGER):
        assert [number for number, _, _ in steps(fleet.on(topic))] == [1, 2, 3, 4, 5, 6]
    assert not van.publisher.status.refused


@pytest.mark.parametrize("refused", ["health", "info", "state", "availability", "alert/anger"])
@pytest.mark.parametrize("how", ["guarded", "harsh"])
def test_an_alert_does_not_wait_until_a_refused_topic_is_tried_again(
    request: pytest.FixtureRequest, vehicle: Callable[..., Vehicle], tmp_path: Path, how: str, refused: str
) -> None:
    broker = request.getfixturevalue(how)
    allow(broker, tmp_path / "acl", without=(refused,))
    fleet = broker.listen("dms/#", "fleet", ("fleet", SECRET))
    login = login_file(tmp_path, VEHICLE, SECRET)
    van = vehicle(broker.port, login_file=login, retry_max_s=3600.0, inflight=1).start()
    van.publisher.info(info())
    van.publisher.health(health())
    van.raise_alert(Phase.START, 1, AlertKind.ANGER)
    van.tell_state()
    until(lambda: van.publisher.status.refused)
    for phase in Phase:
        van.raise_alert(phase, 1)
    until(lambda: len(steps(fleet.on(FATIGUE))) == 3)
    assert van.publisher.status.error == f"dms/{VEHICLE}/{refused} refused: Not authorized"


def test_with_the_shipped_acl_home_assistant_finds_the_vehicle_and_its_birth_is_heard(
    guarded: Any, vehicle: Callable[..., Vehicle], tmp_path: Path
) -> None:
    cabin = guarded.listen("#", "cabin", ("cabin", SECRET))
    login = login_file(tmp_path, VEHICLE, SECRET)
    van = vehicle(guarded.port, login_file=login, home_assistant=True).start()
    van.raise_alert(Phase.START, 1)
    van.tell_state()
    until(lambda: cabin.on(DISCOVERY) and cabin.on(FATIGUE) and cabin.on(TOPICS.availability) == ["online"])
    assert van.publisher.status.error is None
    count = len(cabin.on(DISCOVERY))
    cabin.publish("homeassistant/status", "online")
    until(lambda: len(cabin.on(DISCOVERY)) > count)


def test_with_the_shipped_acl_new_kinds_of_alerts_pass(guarded: Any) -> None:
    fleet = guarded.listen("dms/#", "fleet", ("fleet", SECRET))
    login: Any = {"username": VEHICLE, "password": SECRET}
    for topic in (f"dms/{VEHICLE}/alert/distraction", f"{FATIGUE}/brief"):
        mqtt_publish.single(topic, "{}", hostname="127.0.0.1", port=guarded.port, auth=login)
        until(lambda topic=topic: fleet.on(topic))  # type: ignore[misc]


def test_a_refused_announcement_to_home_assistant_holds_no_alert_back(
    guarded: Any, vehicle: Callable[..., Vehicle], tmp_path: Path
) -> None:
    allow(guarded, tmp_path / "acl", extra=f"topic deny {DISCOVERY}")
    fleet = guarded.listen("dms/#", "fleet", ("fleet", SECRET))
    login = login_file(tmp_path, VEHICLE, SECRET)
    van = vehicle(guarded.port, login_file=login, retry_max_s=3600.0, home_assistant=True).start()
    until(lambda: van.publisher.status.refused)
    van.raise_alert(Phase.START, 1)
    van.tell_state()
    until(lambda: fleet.on(FATIGUE) and fleet.on(TOPICS.availability) == ["online"])
    assert van.publisher.status.error == f"{DISCOVERY} refused: Not authorized"


def test_a_refused_retained_message_arrives_once_it_is_allowed_on_the_same_connection(
    guarded: Any, vehicle: Callable[..., Vehicle], tmp_path: Path
) -> None:
    allow(guarded, tmp_path / "acl", without=("info", "state"), extra=f"topic deny {DISCOVERY}")
    fleet = guarded.listen("#", "fleet", ("fleet", SECRET))
    van = vehicle(guarded.port, login_file=login_file(tmp_path, VEHICLE, SECRET), home_assistant=True).start()
    van.publisher.info(info())
    van.tell_state(Condition.ATTENTIVE)
    until(lambda: len(van.publisher._courier.delivery.denials) == 3)
    van.tell_state(Condition.FATIGUED)
    allow(guarded, tmp_path / "acl")
    until(lambda: fleet.on(TOPICS.info) and fleet.on(DISCOVERY) and fleet.on(TOPICS.availability) == ["online"])
    # the one before, on its way again when the permission came, may have slipped in
    until(lambda: last(fleet, TOPICS.state)["condition"] == "fatigued")
    until(lambda: not van.publisher.status.refused)
    assert van.publisher.status.connects == 1


def test_online_that_was_refused_comes_with_a_later_state_once_it_is_allowed(
    guarded: Any, vehicle: Callable[..., Vehicle], tmp_path: Path
) -> None:
    allow(guarded, tmp_path / "acl", without=("availability",))
    fleet = guarded.listen("dms/#", "fleet", ("fleet", SECRET))
    van = vehicle(guarded.port, login_file=login_file(tmp_path, VEHICLE, SECRET)).start()
    van.tell_state()
    until(lambda: van.publisher.status.refused)
    allow(guarded, tmp_path / "acl")

    def is_online() -> bool:
        van.tell_state()
        return bool(fleet.on(TOPICS.availability))

    until(is_online)
    assert fleet.on(TOPICS.availability) == ["online"]
    assert van.publisher.status.connects == 1


def test_home_assistant_discovery_is_announced_and_announced_again_on_its_birth(
    mosquitto: Any, vehicle: Callable[..., Vehicle]
) -> None:
    listener = mosquitto.listen()
    van = vehicle(mosquitto.port, home_assistant=True).start()
    van.tell_state()
    until(lambda: listener.on(DISCOVERY))
    device = last(listener, DISCOVERY)
    parts = device["components"].values()
    entities = [part for part in parts if part["platform"] != "device_automation"]
    assert {part["platform"] for part in parts} == {"sensor", "event", "binary_sensor", "button", "device_automation"}
    assert all(part["expire_after"] > 0 for part in entities if part["platform"] == "sensor")
    assert len({part["unique_id"] for part in entities}) == len(entities)
    # an event that goes away and comes back with its device would fire again
    assert "availability_topic" not in device
    assert not any("availability_topic" in part for part in entities if part["platform"] == "event")
    assert all(part["availability_topic"] == TOPICS.availability for part in entities if part["platform"] == "sensor")
    # entities of the first release must not double
    first = {"condition", "fatigue", "anger", "perclos", "fatigue-alert", "anger-alert"}
    first |= {"camera", "models", "outbox", "frame_rate"}
    assert {f"dms-{VEHICLE}-{key}" for key in first} <= {part["unique_id"] for part in entities}
    count = len(listener.on(DISCOVERY))
    listener.publish("homeassistant/status", "online")
    until(lambda: len(listener.on(DISCOVERY)) > count)


def test_home_assistant_discovery_is_off_by_default(mosquitto: Any, vehicle: Callable[..., Vehicle]) -> None:
    listener = mosquitto.listen()
    van = vehicle(mosquitto.port).start()
    van.tell_state()
    until(lambda: listener.on(TOPICS.availability))
    assert not [heard for heard in listener.heard if heard.topic.startswith("homeassistant")]


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_inputs_arrive_with_their_time_and_retained_ones_do_not(
    mosquitto: Any, vehicle: Callable[..., Vehicle], protocol: str
) -> None:
    listener = mosquitto.listen()
    listener.publish(TOPICS.acknowledge, "{}", retain=True)
    van = vehicle(mosquitto.port, protocol=protocol).start()
    van.raise_alert(Phase.START, 4)
    van.tell_state()
    until(lambda: listener.on(TOPICS.availability) and listener.on(FATIGUE))
    event_id = last(listener, FATIGUE)["event_id"]
    listener.publish(TOPICS.speed, '{"kmh": 87.5}')
    listener.publish(TOPICS.driver, '{"driver_id": "anna"}')
    listener.publish(TOPICS.acknowledge, json.dumps({"event_id": event_id}))
    until(lambda: len(van.inputs) == 3)
    speed, driver, noted = van.inputs
    assert isinstance(speed, VehicleSpeed)
    assert speed.kmh == 87.5
    assert isinstance(driver, DriverNamed)
    assert driver.driver_id == "anna"
    assert isinstance(noted, Acknowledgement)
    assert (noted.kind, noted.episode) == (AlertKind.FATIGUE, 4)
    assert speed.t <= driver.t <= noted.t <= van.clock.now()


def test_a_consumer_of_inputs_that_fails_does_not_stop_delivery(
    mosquitto: Any, vehicle: Callable[..., Vehicle]
) -> None:
    listener = mosquitto.listen()
    van = vehicle(mosquitto.port)

    def fail(_: object) -> None:
        raise RuntimeError("consumer")

    van.publisher._inbox._on_input = fail
    van.start()
    van.tell_state()
    until(lambda: listener.on(TOPICS.availability))
    listener.publish(TOPICS.speed, '{"kmh": 1}')
    van.raise_alert(Phase.START, 1)
    until(lambda: listener.on(FATIGUE))
    assert van.publisher.status.connects == 1


def test_latency_is_measured_from_capture_to_acknowledgement(mosquitto: Any, vehicle: Callable[..., Vehicle]) -> None:
    van = vehicle(mosquitto.port).start()
    assert van.publisher.status.latency_s is None

    def is_measured() -> bool:
        van.tell_state()  # one that waits for a second says nothing about the way
        return van.publisher.status.latency_s is not None

    until(is_measured)
    status = van.publisher.status
    assert status.latency_s is not None
    assert status.latency_p99_s is not None
    assert 0 < status.latency_s <= status.latency_p99_s


def test_a_stop_without_a_broker_returns_at_once_and_keeps_the_alerts(
    vehicle: Callable[..., Vehicle],
) -> None:
    van = vehicle(free_port()).start()
    van.raise_alert(Phase.START, 1)
    until(lambda: van.publisher.status.error)
    van.publisher.stop(30.0)
    assert not van.publisher.running
    assert len(van.outbox) == 1


def test_a_stop_delivers_what_waits_first(mosquitto: Any, vehicle: Callable[..., Vehicle]) -> None:
    listener = mosquitto.listen()
    van = vehicle(mosquitto.port).start()
    van.tell_state()
    until(lambda: listener.on(TOPICS.availability))
    for episode in range(1, 201):
        van.raise_alert(Phase.START, episode)
    van.publisher.stop(120.0)
    assert van.is_delivered()
    until(lambda: listener.on(TOPICS.availability) == ["online", "offline"])
    assert len(steps(listener.on(FATIGUE))) == 200


@pytest.mark.slow
@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x20\x03\x00\x00", b"\x20\xff\xff\xff\xff\xff", b"\x30\x02\xff\xff", b""],
    ids=["http", "short", "endless", "early", "silent"],
)
def test_a_server_that_is_no_broker_is_tried_again_and_never_ends_the_thread(
    vehicle: Callable[..., Vehicle], answer: bytes
) -> None:
    odd = Odd(answer)
    van = vehicle(odd.port, acknowledge_s=1.0).start()
    van.raise_alert(Phase.START, 1)
    until(lambda: len(odd.connections) >= 3)
    odd.close()
    status = van.publisher.status
    assert status.error
    assert not status.connected
    assert status.connects == 0
    assert status.outbox == 1


@pytest.mark.slow
def test_a_broker_gone_mad_does_not_end_the_thread(vehicle: Callable[..., Vehicle]) -> None:
    chance = random.Random(11)

    def noise() -> bytes:
        """A welcome, then packets of any type with any content, some of them cut short."""
        packets = [WELCOME]
        for _ in range(chance.randrange(1, 20)):
            content = chance.randbytes(chance.randrange(40))
            packets.append(bytes([chance.randrange(256), len(content)]) + content)
        return b"".join(packets)[: chance.randrange(5, 600)]

    odd = Odd(noise)
    van = vehicle(odd.port, acknowledge_s=1.0, retry_max_s=0.05).start()
    van.tell_state()
    van.raise_alert(Phase.START, 1)
    until(lambda: len(odd.connections) >= 30)
    odd.close()
    assert van.publisher.running
    assert van.inputs == []


@pytest.mark.slow
def test_a_broker_that_accepts_and_never_acknowledges_is_left_and_tried_again(
    vehicle: Callable[..., Vehicle],
) -> None:
    odd = Odd(WELCOME)
    van = vehicle(odd.port, acknowledge_s=1.0).start()
    van.raise_alert(Phase.START, 1)
    until(lambda: len(odd.connections) >= 3)
    odd.close()
    assert van.publisher.status.outbox == 1


def shortened_pauses(van: Vehicle, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the publisher means to pause between attempts; it does not pause."""
    pauses: list[float] = []
    wait = van.publisher._thread._stopping.wait

    def note(pause_s: float) -> bool:
        pauses.append(pause_s)
        return wait(0.001)

    monkeypatch.setattr(van.publisher._thread._stopping, "wait", note)
    return pauses


WELCOME = b"\x20\x03\x00\x00\x00"
NOT_AUTHORISED = b"\x20\x03\x00\x87\x00"
NO_PACKET = b"\x00\x00"


@pytest.mark.parametrize(
    ("answer", "stood_s", "grows"),
    [(NOT_AUTHORISED, 0.0, True), (WELCOME + NO_PACKET, 60.0, True), (WELCOME + NO_PACKET, 0.0, False)],
    ids=["never-accepted-however-long-it-took", "accepted-and-lost-at-once", "accepted-and-stood"],
)
def test_only_a_connection_that_was_accepted_and_stood_makes_the_next_retry_quick_again(
    vehicle: Callable[..., Vehicle], monkeypatch: pytest.MonkeyPatch, answer: bytes, stood_s: float, grows: bool
) -> None:
    monkeypatch.setattr("dms.alerts.delivery.lessons._STOOD_S", stood_s)
    odd = Odd(answer)
    van = vehicle(odd.port, retry_min_s=1.0, retry_max_s=64.0)
    pauses = shortened_pauses(van, monkeypatch)
    van.start()
    until(lambda: len(pauses) >= 7)
    odd.close()
    assert (van.publisher.status.connects > 0) == answer.startswith(WELCOME)
    assert (pauses[6] >= 32.0) == grows
    assert (max(pauses[:7]) <= 1.0) == (not grows)


def test_the_pause_between_attempts_doubles_to_its_bound_and_is_never_the_same_for_all(
    vehicle: Callable[..., Vehicle], monkeypatch: pytest.MonkeyPatch
) -> None:
    van = vehicle(free_port(), retry_min_s=1.0, retry_max_s=8.0)
    pauses = shortened_pauses(van, monkeypatch)
    van.start()
    until(lambda: len(pauses) >= 40)
    for number, pause_s in enumerate(pauses[:40]):
        longest = min(8.0, 2.0**number)
        assert longest / 2 <= pause_s <= longest
    assert len({round(pause_s, 6) for pause_s in pauses[4:40]}) > 20


def test_wrong_files_are_told_at_the_start(vehicle: Callable[..., Vehicle], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"login .*missing: cannot be read \(No such file"):
        vehicle(1, folder="a", login_file=tmp_path / "missing")
    with pytest.raises(UserError, match=r"mqtt\.tls\.ca_file: .*missing cannot be read"):
        vehicle(1, folder="b", tls={"enabled": True, "ca_file": str(tmp_path / "missing")})


def test_a_broker_that_ends_in_an_orderly_way_is_missed_like_one_that_is_killed(
    mosquitto_factory: Callable[..., Any], vehicle: Callable[..., Vehicle]
) -> None:
    broker = mosquitto_factory()
    broker.start()
    van = vehicle(broker.port).start()
    for how in (signal.SIGTERM, signal.SIGKILL):
        connects = until(lambda: van.publisher.status.connected and van.publisher.status.connects)
        broker.stop(how)
        until(lambda: not van.publisher.status.connected)
        broker.start()
        until(lambda before=connects: van.publisher.status.connects > before)  # type: ignore[misc]


def test_a_disk_that_refuses_does_not_keep_an_alert_from_the_broker(
    mosquitto: Any, vehicle: Callable[..., Vehicle], tmp_path: Path
) -> None:
    (tmp_path / "blocked").write_text("a file where the folder should be")
    listener = mosquitto.listen()
    van = vehicle(mosquitto.port, folder="blocked").start()
    van.raise_alert(Phase.START, 1)
    assert van.publisher.status.outbox_error
    until(lambda: len(listener.on(FATIGUE)) == 1)
    assert last(listener, FATIGUE)["phase"] == "start"


def test_a_stop_with_more_than_can_be_sent_still_says_goodbye(
    mosquitto: Any, vehicle: Callable[..., Vehicle], monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = mosquitto.listen(TOPICS.availability)
    van = vehicle(mosquitto.port)
    # it never ends
    monkeypatch.setattr(van.outbox, "waiting", lambda count, taken, held: [(max(taken, default=0) + 1, entry())])
    van.start()
    van.tell_state()
    until(lambda: listener.on(TOPICS.availability) == ["online"])
    van.publisher.health(health())
    van.publisher.stop(2.0)
    until(lambda: not van.publisher.running)
    until(lambda: listener.on(TOPICS.availability) == ["online", "offline"])


def test_reconnecting_again_and_again_leaves_no_open_file_behind(vehicle: Callable[..., Vehicle]) -> None:
    odd = Odd(NOT_AUTHORISED)
    van = vehicle(odd.port, retry_max_s=0.05)
    before = len(list(Path("/proc/self/fd").iterdir()))
    van.start()
    until(lambda: len(odd.connections) >= 20)
    odd.close()
    # one left for each connection would be 20; other threads of this process may have opened a few meanwhile
    until(lambda: len(list(Path("/proc/self/fd").iterdir())) <= before + 5)
