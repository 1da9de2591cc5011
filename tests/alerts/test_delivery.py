"""What is sent next: hundreds of orders of events, without a broker, a thread or a clock."""

import json
import random
from collections.abc import Collection
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms.alerts.delivery.entry import Entry
from dms.alerts.delivery.limits import Limits, packet_bytes
from dms.alerts.delivery.policy import PATIENCE_S, Delivery
from dms.alerts.delivery.publication import Publication
from dms.alerts.delivery.queue import AlertQueue
from dms.alerts.delivery.retained import Retained, RetainedMessages
from dms.alerts.topics import Topics
from dms.alerts.version import VersionChoice

from .make import ANGER, FATIGUE, VEHICLE, entry

TOPICS = Topics(VEHICLE)
SHORT = {TOPICS.info: "info", TOPICS.health: "health", TOPICS.state: "state", TOPICS.availability: "online"}
SHORT |= {FATIGUE: "fatigue", ANGER: "anger"}


class Queue(AlertQueue):
    """Alerts that wait, as the outbox gives them."""

    def __init__(self) -> None:
        super().__init__(limit=1000)
        self.aside: list[int] = []

    def put_aside(self, key: int, reason: str) -> None:
        self.remove(key)
        self.aside.append(key)


@dataclass
class Case:
    """A vehicle and a broker that answers when the test says so."""

    now: float = 100.0
    newest: RetainedMessages = field(default_factory=RetainedMessages)
    queue: Queue = field(default_factory=Queue)
    flying: dict[int, Publication] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    inflight: int = 20

    def __post_init__(self) -> None:
        self._mid = 0
        self.delivery = Delivery(TOPICS, self.newest, self.queue, self.render, self.inflight, retry_s=60.0)

    def render(self, one: Entry) -> str:
        json.loads(one.payload)
        return one.payload

    def tell(self, info_bytes: int = 100) -> "Case":
        for topic, text in ((TOPICS.info, "x" * info_bytes), (TOPICS.health, "{}"), (TOPICS.state, "{}")):
            self.newest.put(Retained(topic, text))
        return self

    def raise_alerts(self, count: int, topic: str = FATIGUE, text: str = "") -> "Case":
        for number in range(1, count + 1):
            self.queue.add(entry(sequence=number, topic=topic, text=text))
        return self

    def connect(self, **limits: object) -> "Case":
        self.flying.clear()
        self.delivery.begin(Limits(**limits), True, self.now)  # type: ignore[arg-type]
        return self

    def step(self) -> list[str]:
        """Send what goes now; gives its names."""
        names = []
        for one in self.delivery.next(self.now, self.now):
            self._mid += 1
            self.delivery.sent(one, self._mid, self.now)
            if one.qos:
                self.flying[self._mid] = one
            names.append(SHORT.get(one.topic, one.topic))
        self.log += names
        return names

    def answer(self, refuse: Collection[str] = (), only: Collection[str] | None = None) -> None:
        """Acknowledge all that is on its way."""
        for mid, one in list(self.flying.items()):
            name = SHORT[one.topic]
            if only is not None and name not in only:
                continue
            del self.flying[mid]
            taken = self.delivery.acknowledged(mid, "no" if name in refuse else None, self.now)
            if taken is not None and taken.key is not None:
                self.queue.remove(taken.key)

    def settle(self, refuse: Collection[str] = ()) -> list[str]:
        """Send and answer until nothing is left to do."""
        before = len(self.log)
        while self.step():
            self.answer(refuse)
        return self.log[before:]

    def cut(self, by_broker: bool = True) -> None:
        self.flying.clear()
        self.delivery.lost(self.now, by_broker)
        self.now += 1.0


def test_the_order_of_a_connection_is_what_is_retained_online_alerts() -> None:
    case = Case().tell().raise_alerts(3).connect()
    assert case.settle() == ["info", "health", "state", "online", "fatigue", "fatigue", "fatigue"]


def test_after_a_reconnect_alerts_still_come_after_online() -> None:
    case = Case().tell().connect()
    case.settle()
    case.cut()
    case.raise_alerts(7)
    case.connect()
    assert case.settle() == ["info", "health", "state", "online", *["fatigue"] * 7]


@pytest.mark.parametrize("refused", [["info"], ["health"], ["state"], ["info", "health", "state"]])
def test_what_is_refused_counts_as_done(refused: list[str]) -> None:
    case = Case().tell().raise_alerts(1).connect()
    assert case.settle(refuse=refused)[3:] == ["online", "fatigue"]
    assert case.delivery.denials.words is not None


def test_online_that_is_refused_holds_no_alert_back() -> None:
    case = Case().tell().raise_alerts(1).connect()
    case.settle(refuse=["online"])
    assert "fatigue" in case.log


@pytest.mark.parametrize("silent", ["info", "health", "state"])
def test_nothing_retained_holds_an_alert_back_for_longer_than_5_s(silent: str) -> None:
    case = Case().tell().raise_alerts(1).connect()
    case.step()
    case.answer(only={"info", "health", "state"} - {silent})
    assert case.step() == []
    case.now += PATIENCE_S - 0.01
    assert case.step() == []
    case.now += 0.01
    assert case.step() == ["online", "fatigue"]


def test_what_is_larger_than_the_broker_takes_is_left_out_and_named() -> None:
    case = Case().tell(info_bytes=3500).raise_alerts(2).connect(packet_bytes=2000)
    assert case.settle() == ["health", "state", "online", "fatigue", "fatigue"]
    size = packet_bytes(TOPICS.info, "x" * 3500, True, bare=True)
    assert case.delivery.left_out == f"{TOPICS.info} is left out: {size} bytes, the broker takes 2000"
    case.tell(info_bytes=100)
    assert case.settle()[0] == "info"
    assert case.delivery.left_out is None


def test_an_alert_that_is_too_large_lets_the_others_pass_and_stays() -> None:
    case = Case().tell().raise_alerts(1, text="x" * 5000).connect(packet_bytes=2000)
    case.queue.add(entry(sequence=2))
    case.settle()
    assert case.log.count("fatigue") == 1
    assert len(case.queue) == 1
    assert FATIGUE in str(case.delivery.left_out)


def test_properties_that_do_not_fit_are_left_off() -> None:
    case = Case().tell().connect()
    case.settle()
    limit = packet_bytes(TOPICS.info, "x" * 100, True) - 1
    case.cut(by_broker=False)
    case.connect(packet_bytes=limit)
    assert {one.topic: one.bare for one in case.delivery.next(case.now, case.now)}[TOPICS.info]


def test_a_broker_that_keeps_nothing_gets_no_retain_flag() -> None:
    case = Case().tell().raise_alerts(1).connect(retain=False)
    assert not any(one.retain for one in case.delivery.next(case.now, case.now))


def test_with_a_broker_that_acknowledges_nothing_alerts_stay_and_it_is_said() -> None:
    case = Case().tell().raise_alerts(2).connect(maximum_qos=0)
    assert case.settle() == ["info", "health", "state", "online"]
    assert len(case.queue) == 2
    assert "alerts stay on disk" in str(case.delivery.left_out)


def test_a_message_behind_which_the_broker_closed_does_not_go_first_again() -> None:
    case = Case().tell().raise_alerts(3).connect()
    case.step()
    case.cut()  # right behind info: the broker states no limit
    case.connect()
    assert case.settle() == ["health", "state", "online", "fatigue", "fatigue", "fatigue", "info"]


def test_a_message_that_ends_every_connection_rests_and_is_named() -> None:
    case = Case().tell().connect()
    for _ in range(3):
        while "info" not in case.step():
            case.answer()
        case.answer(only={"health", "state", "online"})
        case.cut()
        case.connect()
    case.raise_alerts(1)
    assert case.settle() == ["health", "state", "online", "fatigue"]
    assert "rests: the broker closed 3 connections right behind its" in str(case.delivery.left_out)
    case.now += 601.0
    assert case.settle() == ["info"]
    assert case.delivery.left_out is None


def test_an_alert_that_ends_every_connection_costs_only_itself() -> None:
    case = Case().tell().raise_alerts(3).raise_alerts(2, ANGER).connect()
    poison = case.queue.waiting(1)[0][0]
    for _ in range(8):
        for _ in range(20):
            case.step()
            flying = [one.key for one in case.flying.values()]
            if poison in flying:
                for mid, one in list(case.flying.items()):
                    if one.key == poison:
                        break
                    del case.flying[mid]
                    taken = case.delivery.acknowledged(mid, None, case.now)
                    if taken is not None and taken.key is not None:
                        case.queue.remove(taken.key)
                case.cut()
                case.connect()
                break
            case.answer()
    assert [key for key, _ in case.queue.items()] == [poison]


def test_an_end_that_no_message_can_have_caused_blames_none() -> None:
    case = Case().tell().connect()
    case.step()
    case.cut(by_broker=False)
    case.connect()
    assert case.step()[0] == "info"


def test_what_cannot_be_rendered_is_put_aside_and_costs_nothing_else() -> None:
    case = Case().tell()
    case.queue.add(Entry(FATIGUE, "start", 1, "no JSON", "boot", 1.0, 1.0))
    case.raise_alerts(1, ANGER)
    case.connect()
    assert case.settle()[-1] == "anger"
    assert case.queue.aside == [1]


def test_no_more_is_on_its_way_than_the_broker_takes() -> None:
    case = Case().tell().raise_alerts(50).connect(window=3)
    while case.step():
        assert len(case.flying) <= 3
        case.answer()
    assert len(case.queue) == 0


@given(seed=st.integers(0, 10_000), window=st.integers(1, 8), inflight=st.integers(1, 8))
def test_whatever_happens_every_alert_arrives_and_first_arrivals_are_in_order(
    seed: int, window: int, inflight: int
) -> None:
    chance = random.Random(seed)
    case = Case(inflight=inflight).tell().raise_alerts(6).raise_alerts(6, ANGER)
    arrived: dict[str, list[int]] = {FATIGUE: [], ANGER: []}
    case.connect(window=window)
    for _ in range(300):
        case.step()
        for mid, one in list(case.flying.items()):
            if chance.random() < 0.2:
                break
            del case.flying[mid]
            if one.key is not None:
                arrived[one.topic].append(json.loads(one.payload)["sequence"])
            if chance.random() < 0.05:
                break  # the acknowledgement is lost
            taken = case.delivery.acknowledged(mid, None, case.now)
            if taken is not None and taken.key is not None:
                case.queue.remove(taken.key)
        if case.flying and chance.random() < 0.1:
            case.cut(by_broker=chance.random() < 0.5)
            case.connect(window=window)
        case.now += chance.uniform(0.0, 2.0)
        if case.delivery.window and not case.flying:
            case.cut(by_broker=False)
            case.connect(window=window)
    for _ in range(5):
        case.now += 700.0
        case.cut(by_broker=False)
        case.connect(window=window)
        case.settle()
    assert len(case.queue) == 0


@pytest.mark.parametrize(
    ("events", "version"),
    [
        ("", "5"),
        ("r", "3.1.1"),
        ("rr", "5"),
        ("c", "5"),
        ("cc", "3.1.1"),
        ("cccc", "5"),
        ("ar", "5"),
        ("racccc", "3.1.1"),
    ],
)
def test_the_version_changes_after_a_refusal_or_two_silent_closes_until_one_is_accepted(
    events: str, version: str
) -> None:
    choice = VersionChoice("auto")
    for event in events:
        {"r": choice.refuse, "c": choice.end_silently, "a": choice.accept}[event]()
    assert choice.version == version


def test_a_version_that_was_set_stands() -> None:
    choice = VersionChoice("3.1.1")
    for _ in range(5):
        choice.refuse()
        choice.end_silently()
    assert choice.version == "3.1.1"
