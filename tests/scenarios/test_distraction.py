"""Eyes off the road: how long, and from which speed it is told; the scenarios hold at every camera."""

from dataclasses import replace
from typing import Any

import pytest

from dms.config.driver import DriverSettings
from dms.driver import Acknowledgement, DriverChange, DriverMonitor, VehicleSpeed
from dms.driver.state import AlertKind, DistractionLevel, Looking, Phase
from dms.observation import HeadPose, Observation, View

from .drives import LIMITS, UNSEEN, Camera, Drive, Step, differences, drive, ends, ride, seen_by, starts

cameras = pytest.mark.parametrize("camera", seen_by())
OFF = DistractionLevel.EYES_OFF_ROAD
ON = LIMITS.model_copy(update={"distraction": LIMITS.distraction.model_copy(update={"enabled": True})})
ALWAYS = LIMITS.model_copy(
    update={"distraction": LIMITS.distraction.model_copy(update={"enabled": True, "without_speed": True})}
)
DOWN: dict[str, Any] = {"pitch": -15.0}
ASIDE: dict[str, Any] = {"yaw": 26.0}
PROFILE: dict[str, Any] = {"yaw": 36.0}


def at(kmh: float, drive_: Drive, every_s: float = 4.0) -> Drive:
    """The same drive with the vehicle's speed told again and again."""
    speeds = [(i * every_s, VehicleSpeed(0.0, kmh)) for i in range(int(drive_.length_s / every_s) + 1)]
    return replace(drive_, inputs=sorted([*speeds, *drive_.inputs], key=lambda told: told[0]))


def told(seconds: float, **look: float) -> Drive:
    return drive().awake(20).mark("away").open(seconds, **look).mark("back").awake(20)


def raised_and_over(after_s: float) -> tuple[Step, ...]:
    return (starts(OFF, "away", after_s), ends(OFF, "back", ON.distraction.recover_s))


SCENARIOS = {
    "lap_fast": (at(90, told(5, **DOWN)), ON, raised_and_over(3.5)),
    "mirror_fast": (at(90, told(5, **ASIDE)), ON, raised_and_over(3.5)),
    "profile_fast": (at(90, told(5, **PROFILE)), ON, raised_and_over(3.5)),
    "glance_fast": (at(90, told(2.5, **DOWN)), ON, ()),
    "lap_slow": (at(30, told(5, **DOWN)), ON, ()),
    "long_lap_slow": (at(30, told(8, **DOWN)), ON, raised_and_over(6.0)),
    "parked": (at(5, told(30, **DOWN)), ON, ()),
    "no_speed": (told(8, **DOWN), ON, ()),
    "no_speed_but_asked_for": (told(8, **DOWN), ALWAYS, raised_and_over(3.5)),
    "off": (at(90, told(8, **DOWN)), LIMITS, ()),
    # by the lids alone: the time before it showed counts too
    "lowered_fast": (
        at(90, drive().awake(20).mark("away").closed(5, pitch=-6.0, looking_down=0.9).mark("back").awake(20)),
        ON,
        raised_and_over(3.5),
    ),
    # a head that goes down and up again looks ahead between
    "many_glances": (drive().awake(20).times(8, drive().open(1.5, **DOWN).open(1.5)).awake(10), ALWAYS, ()),
    # a nod of the head that lasts no longer than a fixation does not count as back on the road
    "nearly_back": (
        at(90, drive().awake(20).mark("away").open(2, **DOWN).open(0.1).open(3, **DOWN).mark("back").awake(20)),
        ON,
        (starts(OFF, "away", 3.6, 0.1), ends(OFF, "back", 1.0)),
    ),
}


@cameras
@pytest.mark.parametrize("name", SCENARIOS)
def test_eyes_off_the_road_are_told_when_and_only_when(name: str, camera: Camera) -> None:
    way, settings, expected = SCENARIOS[name]
    assert differences(way, ride(way, camera, settings), expected) == []


@cameras
def test_closed_and_unknown_eyes_neither_add_nor_reset(camera: Camera) -> None:
    way = at(90, drive().awake(20).open(2, **DOWN).closed(0.3, **DOWN).show(1, replace(UNSEEN, **DOWN)).mark("rest"))
    way = at(90, way.open(3, **DOWN).mark("back").awake(20))
    ridden = ride(way, camera, ON)
    (first, *_) = [(t, alert) for t, alert in ridden.alerts() if alert.kind is AlertKind.DISTRACTION]
    assert first[0] - way.marks["rest"] == pytest.approx(1.5, abs=ridden.gap(first[0]) + 0.4)
    hidden = ridden.states(since=22.6 + ridden.gap(23), until=23.2)
    assert hidden
    assert {(state.looking, state.eyes_off_road_s) for state in hidden} == {(None, None)}


@cameras
def test_the_state_says_where_the_eyes_look_though_alerts_are_off(camera: Camera) -> None:
    way = drive().awake(20).open(4, **DOWN).open(4).open(4, **ASIDE).open(4)
    ridden = ride(way, camera)
    gap = ridden.gap(24)
    for start, looking in ((20, Looking.DOWN), (24, Looking.AHEAD), (28, Looking.ASIDE), (32, Looking.AHEAD)):
        states = ridden.states(since=start + gap, until=start + 4)
        assert {state.looking for state in states} == {looking}
    longest = max(state.eyes_off_road_s or 0.0 for state in ridden.states(until=24 + gap))
    assert longest == pytest.approx(4.0, abs=gap + 0.1)
    assert ridden.states()[-1].eyes_off_road_s == 0.0
    assert ridden.alerts() == []


def observation(t: float, **seen: object) -> Observation:
    values = {"face": True, "left_eye": 0.03, "right_eye": 0.03, "pose": HeadPose(0.0, 0.0, 0.0), **seen}
    return Observation(t, **values)  # type: ignore[arg-type]


def steps(monitor: DriverMonitor, start: float, seconds: float, **seen: object) -> list[str]:
    found = []
    for i in range(int(seconds * 10)):
        judged = monitor.step(observation(start + i / 10, **seen))
        found += [f"{alert.kind} {alert.phase} {alert.evidence['cause']}" for alert in judged.alerts]
    return found


def test_the_nets_answer_is_believed_whatever_the_head_does() -> None:
    monitor = DriverMonitor(ALWAYS)
    assert steps(monitor, 0, 10, looking_down=0.1) == []
    assert steps(monitor, 10, 5, looking_down=0.9) == ["distraction start eyes_off_road"]
    assert steps(monitor, 15, 5, looking_down=0.1) == ["distraction end recovered"]
    # without a pose it is unknown where a driver looks who does not look down
    assert steps(monitor, 20, 10, looking_down=0.1, pose=None) == []


def test_what_was_off_the_road_is_forgotten_once_nothing_is_known_for_long() -> None:
    monitor = DriverMonitor(ALWAYS)
    assert steps(monitor, 0, 10) == []
    assert steps(monitor, 10, 3, looking_down=0.9) == []
    assert steps(monitor, 13, LIMITS.life.lost_s + 5, view=View.COVERED, face=None) == []
    assert steps(monitor, 80, 3, looking_down=0.9) == []


def test_closed_eyes_are_known_and_end_no_alert_as_lost() -> None:
    monitor = DriverMonitor(ALWAYS)
    steps(monitor, 0, 10)
    assert steps(monitor, 10, 5, looking_down=0.9) == ["distraction start eyes_off_road"]
    told = steps(monitor, 15, LIMITS.life.lost_s + 5, left_eye=0.97, right_eye=0.97)
    assert "distraction end lost" not in told
    assert "distraction end recovered" in steps(monitor, 90, 5)


def test_an_open_alert_repeats_until_it_is_acknowledged_and_ends_when_nothing_is_known() -> None:
    monitor = DriverMonitor(ALWAYS)
    steps(monitor, 0, 10)
    assert steps(monitor, 10, 20, looking_down=0.9) == ["distraction start eyes_off_road", "distraction update repeat"]
    heard = monitor.receive(Acknowledgement(30.0, AlertKind.DISTRACTION))
    assert heard is not None
    assert [alert.evidence["cause"] for alert in heard.alerts] == ["acknowledged"]
    assert steps(monitor, 30, 25, looking_down=0.9) == []
    assert steps(monitor, 55, 100, view=View.COVERED, face=None) == ["distraction end lost"]


def test_it_began_when_the_eyes_left_the_road_whatever_came_between() -> None:
    monitor = DriverMonitor(ALWAYS)
    steps(monitor, 0, 10)
    steps(monitor, 10, 3, looking_down=0.9)
    steps(monitor, 13, 20, left_eye=None, right_eye=None)
    judged = [monitor.step(observation(33 + i / 10, looking_down=0.9)) for i in range(20)]
    (alert,) = (alert for one in judged for alert in one.alerts)
    assert alert.started_t == pytest.approx(10.0, abs=0.15)
    assert alert.evidence["eyes_off_road_s"] == pytest.approx(3.5, abs=0.15)


def test_a_new_driver_and_the_end_of_a_drive_end_it() -> None:
    monitor = DriverMonitor(ALWAYS)
    steps(monitor, 0, 10)
    steps(monitor, 10, 5, looking_down=0.9)
    changed = monitor.receive(DriverChange(15.0))
    assert changed is not None
    assert [(alert.kind, alert.phase) for alert in changed.alerts] == [(AlertKind.DISTRACTION, Phase.END)]
    steps(monitor, 16, 5, looking_down=0.9)
    assert [alert.evidence["cause"] for alert in monitor.finish("end_of_drive")] == ["end_of_drive"]


@pytest.mark.parametrize("wrong", [{"fast_s": 7.0}, {"return_s": 1.0}, {"slow_kmh": 50.0, "fast_kmh": 50.0}])
def test_limits_that_contradict_each_other_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be below"):
        DriverSettings.model_validate({"distraction": wrong})
