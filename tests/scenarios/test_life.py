"""How alerts live: they repeat, are acknowledged, cool down, and survive clocks that jump."""

from dataclasses import replace
from itertools import pairwise

import pytest

from dms.config.driver import DriverSettings
from dms.driver import Acknowledgement, DriverMonitor
from dms.driver.state import Alert, AlertKind, AngerLevel, Condition, FatigueLevel, Phase
from dms.observation import Observation

from .drives import LIMITS, SHUT, Camera, Drive, drive, ride, seen, seen_by

cameras = pytest.mark.parametrize("camera", seen_by())
CAMERA = Camera(10)


@cameras
def test_an_open_alert_repeats(camera: Camera) -> None:
    ridden = ride(drive().awake(30).mark("shut").closed(60), camera)
    repeats = [t for t, alert in ridden.alerts() if alert.evidence["cause"] == "repeat"]
    every_s = LIMITS.life.repeat_s
    assert len(repeats) == 5
    for number, t in enumerate(repeats, 1):
        last = 30 + LIMITS.closure.unresponsive_s + number * every_s
        # each repeat waits for a frame
        assert last <= t + 0.1 <= last + number * (ridden.gap(t) + 0.1) + 0.2


def test_an_acknowledged_alert_repeats_no_more_but_rises() -> None:
    told = drive().awake(30).closed(2).hear(Acknowledgement(0.0, AlertKind.FATIGUE)).closed(60)
    alerts = [alert for _, alert in ride(told, CAMERA).alerts()]
    assert [alert.evidence["cause"] for alert in alerts[:4]] == ["closure", "acknowledged", "closure", "closure"]
    assert [alert.level for alert in alerts[:4]] == [
        FatigueLevel.MICROSLEEP,
        FatigueLevel.MICROSLEEP,
        FatigueLevel.ASLEEP,
        FatigueLevel.UNRESPONSIVE,
    ]
    told = drive().awake(30).closed(7).hear(Acknowledgement(0.0)).closed(60)
    causes = [alert.evidence["cause"] for _, alert in ride(told, CAMERA).alerts()]
    assert causes == ["closure", "closure", "closure", "acknowledged", "end_of_drive"]


@pytest.mark.parametrize(
    "acknowledgement",
    [Acknowledgement(0.0, AlertKind.ANGER), Acknowledgement(0.0, AlertKind.FATIGUE, episode=7)],
    ids=["another kind", "another episode"],
)
def test_an_acknowledgement_of_something_else_changes_nothing(acknowledgement: Acknowledgement) -> None:
    told = drive().awake(30).closed(7).hear(acknowledgement).closed(30)
    causes = [alert.evidence["cause"] for _, alert in ride(told, CAMERA).alerts()]
    assert "acknowledged" not in causes
    assert "repeat" in causes


def test_every_closure_is_told_even_right_after_an_alert_ended() -> None:
    told = drive().awake(30).times(5, drive().closed(1.5).open(LIMITS.life.microsleep_recover_s + 1))
    starts = [alert for _, alert in ride(told, CAMERA).alerts() if alert.phase is Phase.START]
    assert [alert.episode for alert in starts] == [1, 2, 3, 4, 5]


def test_a_closure_within_an_open_alert_is_told_again() -> None:
    told = drive().awake(30).closed(3.5).open(4).closed(1.5).open(30)
    alerts = [alert for _, alert in ride(told, CAMERA).alerts() if alert.evidence["cause"] == "closure"]
    assert [alert.phase for alert in alerts] == [Phase.START, Phase.UPDATE, Phase.UPDATE]
    assert alerts[2].level is FatigueLevel.ASLEEP
    assert alerts[2].evidence["closed_s"] == pytest.approx(1.0, abs=0.15)


def test_a_sleeper_lost_from_view_and_found_again_is_told_again() -> None:
    told = drive().awake(30).closed(3.5).gone(8).mark("found").closed(3.5).open(30)
    alerts = [
        (t, alert) for t, alert in ride(told, CAMERA).alerts() if alert.evidence["cause"] in ("closure", "no_return")
    ]
    assert [alert.evidence["cause"] for _, alert in alerts] == ["closure", "closure", "no_return", "closure", "closure"]
    assert {alert.episode for _, alert in alerts} == {1}
    assert alerts[3][0] == pytest.approx(told.marks["found"] + LIMITS.closure.microsleep_s, abs=0.25)


def test_a_sleeper_seen_by_one_eye_who_does_not_come_back_is_told_once_and_not_again_by_the_closure() -> None:
    told = drive().awake(30).show(14, replace(SHUT, left=None)).open(30)
    causes = [alert.evidence["cause"] for _, alert in ride(told, CAMERA).alerts()]
    assert [cause for cause in causes if cause != "repeat"] == ["closure", "closure", "no_return", "recovered"]


def test_an_anger_that_nobody_acknowledges_repeats_also_while_the_face_is_lost() -> None:
    told = drive().awake(60).mark("rage").open(12, anger=0.9).gone(25).awake(60)
    alerts = [alert for t, alert in ride(told, CAMERA).alerts() if alert.kind is AlertKind.ANGER]
    repeats = [alert.t for alert in alerts if alert.evidence["cause"] == "repeat"]
    assert len(repeats) >= 2
    last = [one.t for one in alerts if one.phase is not Phase.END]
    assert max(b - a for a, b in pairwise(last)) == pytest.approx(LIMITS.life.repeat_s, abs=0.2)


def test_a_clock_that_jumps_back_does_not_shorten_a_cooldown() -> None:
    cooldown_s = LIMITS.life.anger_cooldown_s
    rage = drive().open(20, anger=0.9)
    told = drive().awake(120).times(1, rage).awake(30).jump(-500.0).open(cooldown_s + 30, anger=0.9)
    alerts = ride(told, CAMERA).alerts()
    (end, *_) = [t for t, alert in alerts if alert.phase is Phase.END]
    starts = [t for t, alert in alerts if alert.phase is Phase.START]
    assert end < told.jumps[0][0]
    assert len(starts) == 2
    assert starts[1] >= end + cooldown_s - 0.1


@cameras
def test_the_alert_of_a_sleeper_who_is_hidden_stays_open_however_long(camera: Camera) -> None:
    told = drive().awake(30).closed(3.5).gone(LIMITS.life.lost_s + 10)
    alerts = [alert for _, alert in ride(told, camera).alerts()]
    assert [alert.evidence["cause"] for alert in alerts if alert.phase is Phase.END] == ["end_of_drive"]
    assert alerts[-1].level is FatigueLevel.UNRESPONSIVE


@pytest.mark.parametrize("camera", seen_by(10))  # 5 fps has no PERCLOS
def test_drowsiness_that_cannot_be_measured_any_more_does_not_keep_its_alert_open(camera: Camera) -> None:
    nodding = drive().open(2.4).closed(0.6)
    told = drive().awake(60).times(40, nodding).mark("glasses on").times(12, drive().unseen(8).open(1)).open(25)
    ends = [(t, alert) for t, alert in ride(told, camera).alerts() if alert.phase is Phase.END]
    assert [(alert.level, alert.evidence["cause"]) for _, alert in ends] == [(FatigueLevel.DROWSY, "recovered")]
    at, alert = ends[0]
    assert alert.evidence["perclos"] is None
    # half of the window is known for half of it; then the last measure counts for lost_s
    unknown_s = told.marks["glasses on"] + LIMITS.perclos.window_s * LIMITS.perclos.min_valid_share
    assert unknown_s < at - LIMITS.life.lost_s < told.length_s


def test_drowsy_cools_down_but_hides_nothing_worse() -> None:
    told = drive().awake(60).closed(1.5)
    for number in range(60):
        told.open(4 + number % 5 / 17).closed(0.7)
    told.mark("worse").closed(1.5).open(20)

    def starts(settings: DriverSettings) -> list[tuple[object, bool]]:
        steps = ride(told, CAMERA, settings).steps()
        return [(level, t > told.marks["worse"]) for t, phase, level in steps if phase is Phase.START]

    long = LIMITS.life.model_copy(update={"drowsy_cooldown_s": 600.0})
    assert starts(LIMITS)[:2] == [(FatigueLevel.MICROSLEEP, False), (FatigueLevel.DROWSY, False)]
    assert starts(LIMITS.model_copy(update={"life": long})) == [
        (FatigueLevel.MICROSLEEP, False),
        (FatigueLevel.MICROSLEEP, True),
    ]


def test_anger_cools_down_but_hides_nothing_worse() -> None:
    def rage(seconds: float) -> Drive:
        return drive().open(seconds, anger=0.95).awake(14)

    def starts(told: Drive) -> list[object]:
        return [level for _, phase, level in ride(told, CAMERA).steps() if phase is Phase.START]

    awake = drive().awake(90)
    assert starts(drive().times(1, awake).times(2, rage(8))) == [AngerLevel.IRRITATED]
    assert starts(drive().times(1, awake).times(1, rage(8)).awake(60).times(1, rage(8))) == [AngerLevel.IRRITATED] * 2
    assert starts(drive().times(1, awake).times(1, rage(8)).times(1, rage(20))) == [
        AngerLevel.IRRITATED,
        AngerLevel.ANGRY,
    ]


def test_recovery_takes_longer_the_worse_it_was() -> None:
    took = []
    for closed_s in (1.5, 4.0, 7.0):
        ridden = ride(drive().awake(30).closed(closed_s).open(60), CAMERA)
        took.append(next(t for t, alert in ridden.alerts() if alert.phase is Phase.END) - 30 - closed_s)
    assert took == sorted(took)
    assert took[1] >= LIMITS.life.asleep_recover_s
    assert took[2] >= LIMITS.life.unresponsive_recover_s


def test_a_slow_closure_during_recovery_begins_it_anew() -> None:
    told = drive().awake(30).closed(4).open(8).closed(0.8).mark("open").open(30)
    ridden = ride(told, CAMERA)
    end = next(t for t, alert in ridden.alerts() if alert.phase is Phase.END)
    assert end - told.marks["open"] == pytest.approx(LIMITS.life.asleep_recover_s, abs=0.25)


def test_an_alert_that_does_not_latch_ends_when_the_driver_is_lost_from_view() -> None:
    ridden = ride(drive().awake(30).closed(1.5).gone(120), CAMERA)
    last = ridden.alerts()[-1][1]
    assert (last.phase, last.evidence["cause"]) == (Phase.END, "lost")


@cameras
@pytest.mark.parametrize("jump", [-3600.0, -30.0, 120.0, 3600.0])
def test_a_clock_that_jumps_while_awake_raises_nothing(jump: float, camera: Camera) -> None:
    ridden = ride(drive().awake(60).closed(0.7).jump(jump).closed(0.7).awake(60), camera)
    assert not ridden.alerts()
    assert ridden.states()[-1].condition is Condition.ATTENTIVE


@pytest.mark.parametrize("jump", [-3600.0, -30.0, 120.0, 3600.0])
def test_an_alert_survives_a_clock_that_jumps_without_negative_times(jump: float) -> None:
    told = drive().awake(30).closed(4).jump(jump).closed(4).mark("open").open(30)
    alerts = ride(told, CAMERA).alerts()
    assert {alert.episode for _, alert in alerts} == {1}
    assert all(alert.started_t <= alert.t for _, alert in alerts)
    end, last = alerts[-1]
    assert last.phase is Phase.END
    assert end == pytest.approx(told.marks["open"] + LIMITS.life.asleep_recover_s, abs=0.3)


def test_repeated_and_late_frames_change_nothing() -> None:
    told = drive().awake(60).closed(2).open(20)
    once = ride(told, CAMERA).alerts()
    monitor = DriverMonitor(LIMITS)
    again: list[Alert] = []
    before = None
    for _, observation in seen(told, CAMERA):
        assert isinstance(observation, Observation)
        again += monitor.step(observation).alerts
        assert monitor.step(observation).alerts == ()
        assert monitor.step(replace(observation, t=observation.t - 0.05, left_eye=0.9, right_eye=0.9)).alerts == ()
        if before is not None:
            assert monitor.step(before).state.t == observation.t
        before = observation
    again += monitor.finish("end_of_drive")
    assert [alert for _, alert in once] == again


@pytest.mark.slow
def test_two_hours_awake_raise_nothing() -> None:
    ridden = ride(drive().times(60, drive().awake(100).away(1.2).awake(15).gone(3.8)), Camera(5))
    assert not ridden.alerts()


def test_a_known_driver_needs_no_learning() -> None:
    known = ride(drive().awake(120), CAMERA).monitor.baseline
    ridden = ride(drive().awake(10), CAMERA, baseline=known)
    assert ridden.states()[0].calibrated == 1.0
    assert ridden.monitor.baseline == known
