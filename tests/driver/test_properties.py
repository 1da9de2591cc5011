"""What holds for every drive, however odd: checked on drives that hypothesis makes up."""

import copy
from collections.abc import Iterable
from dataclasses import fields, replace
from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.config.driver import DriverSettings
from dms.driver import Acknowledgement, Baseline, DriverChange, DriverInput, DriverMonitor, VehicleSpeed
from dms.driver.lifecycle import RANK
from dms.driver.state import Alert, AlertKind, Condition, DriverState, Eyes, Judgement, Phase
from dms.observation import Emotions, HeadPose, Observation, View, WideMouth

LIMITS = DriverSettings()
Event = Observation | DriverInput

# sixty-fourths of a second add up without rounding, so that equality can be asked for
ticks = st.one_of(st.integers(1, 20), st.sampled_from([0, -3, -2000, 500, 40_000, -40_000]))
probabilities = st.one_of(st.none(), st.floats(0, 1), st.sampled_from([0.02, 0.97]))


@st.composite
def emotions(draw: st.DrawFn) -> Emotions:
    weights = draw(st.lists(st.floats(0.01, 1), min_size=8, max_size=8))
    total = sum(weights)
    return Emotions(*(weight / total for weight in weights))


@st.composite
def odd_looks(draw: st.DrawFn) -> Observation:
    return Observation(
        0.0,
        draw(st.sampled_from([View.CLEAR, View.CLEAR, View.CLEAR, *View])),
        draw(st.sampled_from([True, True, True, False, None])),
        pose=draw(st.one_of(st.none(), st.builds(HeadPose, *[st.floats(-60, 60)] * 3))),
        left_eye=draw(probabilities),
        right_eye=draw(probabilities),
        looking_down=draw(probabilities),
        yawn=draw(probabilities),
        emotions=draw(st.one_of(st.none(), emotions())),
        wide_mouth=draw(st.one_of(st.none(), st.builds(WideMouth, *[st.floats(0, 1)] * 3))),
        frown=draw(probabilities),
    )


CALM, RAGE = (Emotions(0.93 - a, 0.01, 0.01, 0.01, 0.03 + a, 0.005, 0.003, 0.002) for a in (0.0, 0.9))
USUAL = (
    Observation(0.0, View.CLEAR, True, left_eye=0.03, right_eye=0.04, yawn=0.02, emotions=CALM),
    Observation(0.0, View.CLEAR, True, left_eye=0.97, right_eye=0.95, yawn=0.02, emotions=CALM),
    Observation(0.0, View.CLEAR, True, left_eye=0.03, right_eye=0.04, yawn=0.02, emotions=RAGE),
)
KNOWN = Baseline(0.04, 1.0, 0.2, 1.0, 0.03, 1.0)


@st.composite
def stretches(draw: st.DrawFn) -> list[tuple[int, Event]]:
    """A stretch of like observations, or an input: long closures and rages must be likely."""
    if draw(st.integers(0, 5)) == 0:
        event = draw(
            st.one_of(
                st.builds(VehicleSpeed, st.just(0.0), st.one_of(st.none(), st.floats(0, 150))),
                st.builds(Acknowledgement, st.just(0.0), st.sampled_from([None, *AlertKind])),
                st.builds(DriverChange, st.just(0.0), st.sampled_from([None, KNOWN])),
            )
        )
        return [(0, event)]
    look = draw(st.one_of(st.sampled_from(USUAL), odd_looks()))
    every = draw(st.integers(2, 12))
    following: list[tuple[int, Event]] = [(every, look)]
    return [(draw(ticks), look), *following * draw(st.integers(0, 120))]


@st.composite
def drives(draw: st.DrawFn) -> list[Event]:
    t, events = 0, []
    for stretch in draw(st.lists(stretches(), min_size=2, max_size=14)):
        for tick, event in stretch:
            t += tick
            events.append(replace(event, t=1000.0 + t / 64))
    return events


def run(events: Iterable[Event], monitor: DriverMonitor) -> list[Judgement]:
    judged = []
    for event in events:
        judgement = monitor.step(event) if isinstance(event, Observation) else monitor.receive(event)
        if judgement is not None:
            judged.append(judgement)
    return judged


def alerts_of(judged: Iterable[Judgement]) -> list[Alert]:
    return [alert for judgement in judged for alert in judgement.alerts]


def check_state(state: DriverState) -> None:
    for field in fields(state):
        value = getattr(state, field.name)
        if isinstance(value, float):
            assert isfinite(value), field.name
    for share in (state.perclos, state.valid_share, state.calibrated, state.anger_score):
        assert share is None or 0.0 <= share <= 1.0
    assert (state.closed_s is None) == (state.eyes is Eyes.UNKNOWN)
    assert state.closed_s is None or state.closed_s >= 0.0
    assert (state.degraded is not None) == (state.condition is Condition.DEGRADED)
    assert state.condition is not Condition.ATTENTIVE or state.fatigue is None


def check_lives(alerts: Iterable[Alert]) -> None:
    open_alerts: dict[AlertKind, Alert] = {}
    episodes = dict.fromkeys(AlertKind, 0)
    for alert in alerts:
        assert alert.started_t <= alert.t
        assert all(isfinite(number) for number in alert.evidence.values() if isinstance(number, float))
        before = open_alerts.get(alert.kind)
        if alert.phase is Phase.START:
            assert before is None, "one open alert of a kind"
            episodes[alert.kind] += 1
        else:
            assert before is not None
            assert RANK[alert.level] >= RANK[before.level]
        assert alert.episode == episodes[alert.kind]
        open_alerts[alert.kind] = alert
        if alert.phase is Phase.END:
            del open_alerts[alert.kind]
    assert not open_alerts, "every start has its end"


@pytest.mark.slow
@given(drives())
@settings(max_examples=150)
def test_states_and_alerts_are_sound(events: list[Event]) -> None:
    monitor = DriverMonitor(LIMITS, KNOWN)
    judged = run(events, monitor)
    for judgement in judged:
        check_state(judgement.state)
    check_lives([*alerts_of(judged), *monitor.finish("end_of_drive")])
    assert monitor.finish("end_of_drive") == ()


@given(drives(), st.data())
@settings(max_examples=60)
def test_any_split_into_chunks_gives_the_same_events(events: list[Event], data: st.DataObject) -> None:
    whole = DriverMonitor(LIMITS, KNOWN)
    judged = run(events, whole)
    cut = data.draw(st.integers(0, len(events)))
    first = DriverMonitor(LIMITS, KNOWN)
    begun = run(events[:cut], first)
    second = copy.deepcopy(first)
    run(events[:cut], first)
    assert begun + run(events[cut:], second) == judged
    assert second.finish("x") == whole.finish("x")
    assert second.baseline == whole.baseline


@given(drives(), st.integers(-(2**20), 2**20))
@settings(max_examples=60)
def test_only_differences_of_time_mean_anything(events: list[Event], offset: int) -> None:
    here = alerts_of(run(events, DriverMonitor(LIMITS, KNOWN)))
    there = alerts_of(run([replace(event, t=event.t + offset) for event in events], DriverMonitor(LIMITS, KNOWN)))
    assert [replace(alert, t=0.0, started_t=0.0) for alert in there] == [
        replace(alert, t=0.0, started_t=0.0) for alert in here
    ]
    for moved, alert in zip(there, here, strict=True):
        assert moved.t == alert.t + offset
        assert moved.started_t == pytest.approx(alert.started_t + offset, abs=1e-6)


@given(drives())
@settings(max_examples=60)
def test_unknown_eyes_raise_no_fatigue(events: list[Event]) -> None:
    blind = [
        replace(event, left_eye=None, right_eye=None) if isinstance(event, Observation) else event for event in events
    ]
    alerts = alerts_of(run(blind, DriverMonitor(LIMITS, KNOWN)))
    assert all(alert.kind is AlertKind.ANGER for alert in alerts)


@given(drives(), st.floats(1.0, 30.0))
@settings(max_examples=60)
def test_shut_eyes_are_asleep_whatever_came_before_and_whatever_the_face_does(events: list[Event], rate: float) -> None:
    monitor = DriverMonitor(LIMITS, KNOWN)
    run(events, monitor)
    monitor.receive(VehicleSpeed(2000.0, None))
    rate = max(rate, 2.5)
    start = events[-1].t + 2.0
    laughing = Emotions(0.0, 0.95, 0.0, 0.0, 0.05, 0.0, 0.0, 0.0)
    needed = LIMITS.closure.asleep_s + 1.0
    shut = [
        Observation(start + n / rate, View.CLEAR, True, 0.9, None, HeadPose(0, -40, 0), 0.97, 0.97, 0.95, laughing)
        for n in range(int(needed * rate) + 2)
    ]
    assert run(shut, monitor)[-1].state.fatigue in {"asleep", "unresponsive"}
