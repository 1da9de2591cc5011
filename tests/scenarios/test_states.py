"""What the state says while a drive goes on, at every camera."""

import pytest

from dms.driver import Baseline, VehicleSpeed
from dms.driver.state import Condition, Degraded, Eyes, FatigueLevel, HeldBack
from dms.driver.visibility import VIEWS
from dms.observation import View

from .drives import ASKEW, AWAY, LIMITS, STEADY, UNSEEN, Camera, Drive, drive, ride, seen_by

cameras = pytest.mark.parametrize("camera", seen_by())

HIDDEN = {
    Degraded.EYES_UNKNOWN: drive().show(60, UNSEEN),
    Degraded.CAMERA_TURNED: drive().show(60, ASKEW),
    Degraded.FACE_MISSING: drive().gone(60),
    Degraded.DARK: drive().picture(60, View.DARK),
    Degraded.COVERED: drive().picture(60, View.COVERED),
    Degraded.ANALYSIS_FAILED: drive().picture(60, View.FAILED),
    Degraded.CAMERA_LOST: drive().picture(60, View.LOST),
}


@cameras
@pytest.mark.parametrize("reason", HIDDEN, ids=str)
def test_says_within_ten_seconds_why_nothing_can_be_judged(reason: Degraded, camera: Camera) -> None:
    ridden = ride(drive().awake(30).times(1, HIDDEN[reason]), camera)
    for state in ridden.states(since=30 + 10):
        assert (state.condition, state.degraded) == (Condition.DEGRADED, reason)
        assert state.eyes is Eyes.UNKNOWN
        assert state.closed_s is None
    late = ridden.states(since=30 + LIMITS.degraded.glance_s + ridden.gap(30), until=40)
    assert late
    assert all(state.condition is not Condition.ATTENTIVE for state in late)
    assert ridden.states()[-1].perclos is None


@cameras
@pytest.mark.parametrize("view", [View.LOST, View.DARK], ids=str)
def test_says_sooner_that_there_is_no_picture(view: View, camera: Camera) -> None:
    ridden = ride(drive().awake(30).picture(8, view).awake(30), camera)
    told = 30 + LIMITS.degraded.picture_s + ridden.gap(31)
    missing = ridden.states(since=told, until=38)
    assert missing
    assert {(state.condition, state.degraded) for state in missing} == {(Condition.DEGRADED, VIEWS[view])}
    back = ridden.states(since=38 + LIMITS.degraded.recover_s + ridden.gap(39))
    assert all(state.degraded is None for state in back)


@cameras
@pytest.mark.parametrize("view", [View.LOST, View.DARK], ids=str)
def test_a_picture_that_is_missing_for_a_moment_is_no_fault(view: View, camera: Camera) -> None:
    moment = drive().awake(4).picture(LIMITS.degraded.picture_s / 2, view)
    ridden = ride(drive().awake(30).times(20, moment), camera)
    assert all(state.degraded is None for state in ridden.states())


@cameras
def test_a_camera_that_gave_nothing_for_a_while_was_lost(camera: Camera) -> None:
    ridden = ride(drive().awake(30).jump(20).awake(30), camera)
    first = ridden.states(since=30)[0]
    assert (first.condition, first.degraded) == (Condition.DEGRADED, Degraded.CAMERA_LOST)
    assert ridden.states()[-1].condition is Condition.ATTENTIVE


@cameras
def test_sunglasses_from_the_first_frame(camera: Camera) -> None:
    ridden = ride(drive().unseen(30), camera)
    assert all(state.condition is not Condition.ATTENTIVE for state in ridden.states())
    assert all(state.degraded is Degraded.EYES_UNKNOWN for state in ridden.states(since=10))
    assert ridden.states()[-1].valid_share == 0.0


@cameras
def test_single_glimpses_do_not_hide_that_nothing_is_seen(camera: Camera) -> None:
    ridden = ride(drive().awake(30).times(20, drive().unseen(2.9).open(0.1)), camera)
    assert all(state.condition is Condition.DEGRADED for state in ridden.states(since=55))


@cameras
def test_a_camera_upside_down_is_told_within_ten_seconds_and_nobody_is_judged_in_it(camera: Camera) -> None:
    # one frame in ten passes for upright, and there the nose is read as an open eye
    ridden = ride(drive().times(60, drive().show(0.9, ASKEW).open(0.1)), camera)
    assert all(state.degraded is Degraded.CAMERA_TURNED for state in ridden.states(since=10))
    assert all(state.condition is not Condition.ATTENTIVE for state in ridden.states())
    assert all(state.eyes is Eyes.UNKNOWN for state in ridden.states(until=0.8)), "from the first frame on"


@cameras
def test_a_camera_that_is_set_upright_judges_again(camera: Camera) -> None:
    window_s = LIMITS.degraded.share_window_s
    ridden = ride(drive().times(1, drive().show(60, ASKEW)).awake(window_s + 5), camera)
    assert all(state.degraded is None for state in ridden.states(since=60 + window_s))
    assert ridden.states()[-1].condition is Condition.ATTENTIVE


@cameras
def test_a_driver_whose_head_lies_askew_for_a_moment_is_no_turned_camera(camera: Camera) -> None:
    ridden = ride(drive().awake(30).times(10, drive().show(1.5, ASKEW).awake(8)), camera)
    assert all(state.degraded is None for state in ridden.states())


@cameras
def test_eyes_that_are_known_for_less_than_half_of_the_time_are_no_basis(camera: Camera) -> None:
    # far away or behind a bar: a third of each second is seen
    ridden = ride(drive().times(60, drive().unseen(0.7).open(0.3)), camera)
    assert all(state.condition is not Condition.ATTENTIVE for state in ridden.states(since=5))
    since = LIMITS.degraded.share_window_s + 1
    assert all(state.degraded is Degraded.EYES_UNKNOWN for state in ridden.states(since=since))


@cameras
def test_eyes_that_are_known_for_most_of_the_time_are_enough(camera: Camera) -> None:
    ridden = ride(drive().times(60, drive().unseen(0.25).open(0.75)), camera)
    assert all(state.condition is Condition.ATTENTIVE for state in ridden.states(since=10))


@cameras
def test_eyes_of_a_head_turned_away_from_the_road_are_not_believed(camera: Camera) -> None:
    ridden = ride(drive().awake(30).closed(1.8, yaw=36.0).awake(10), camera)
    assert not ridden.alerts()
    assert all(state.eyes is Eyes.UNKNOWN for state in ridden.states(since=30, until=31.8))


@cameras
def test_a_head_that_rests_before_a_camera_at_the_mirror_is_read_there(camera: Camera) -> None:
    ridden = ride(drive().awake(30, yaw=36.0), camera)
    assert all(state.condition is Condition.ATTENTIVE for state in ridden.states(since=5))


@cameras
def test_a_look_over_the_shoulder_right_after_the_start_is_no_rest(camera: Camera) -> None:
    ridden = ride(drive().awake(0.6).closed(3.3, yaw=34.0).awake(20), camera)
    assert not ridden.alerts()
    assert all(state.eyes is Eyes.UNKNOWN for state in ridden.states(since=0.6 + ridden.gap(1), until=3.9))


@cameras
def test_a_first_look_into_the_camera_at_the_mirror_hides_the_eyes_for_seconds_only(camera: Camera) -> None:
    ridden = ride(drive().awake(2).awake(30, yaw=36.0), camera)
    assert all(state.eyes is not Eyes.UNKNOWN for state in ridden.states(since=8))


@cameras
def test_glances_do_not_degrade(camera: Camera) -> None:
    ridden = ride(drive().awake(30).times(20, drive().show(1.4, AWAY).awake(4)), camera)
    assert all(state.condition is Condition.ATTENTIVE for state in ridden.states(since=10))


@cameras
def test_recovers_when_the_eyes_are_seen_again(camera: Camera) -> None:
    ridden = ride(drive().awake(30).gone(30).awake(30), camera)
    recovered = 60 + LIMITS.degraded.recover_s + ridden.gap(60)
    assert all(state.condition is Condition.DEGRADED for state in ridden.states(since=40, until=60.5))
    assert all(state.degraded is None for state in ridden.states(since=recovered))
    attentive = recovered + LIMITS.degraded.starting_s + ridden.gap(64)
    assert all(state.condition is Condition.ATTENTIVE for state in ridden.states(since=attentive))


@cameras
def test_says_nothing_before_enough_was_seen(camera: Camera) -> None:
    ridden = ride(drive().awake(20), camera)
    first = LIMITS.degraded.starting_s
    assert all(state.condition is Condition.UNKNOWN for state in ridden.states(until=first))
    later = ridden.states(since=first + 1)
    assert all(state.condition is Condition.ATTENTIVE for state in later)
    assert all(state.perclos is None for state in later)


@cameras
def test_an_alert_and_the_closure_that_raised_it_are_in_the_state(camera: Camera) -> None:
    ridden = ride(drive().awake(30).closed(4).open(30), camera)
    asleep = ridden.states(since=33.5, until=33.9)
    assert all((s.condition, s.fatigue) == (Condition.FATIGUED, FatigueLevel.ASLEEP) for s in asleep)
    assert all(s.eyes is Eyes.CLOSED and s.closed_s is not None and 3.0 < s.closed_s < 4.0 for s in asleep)
    assert ridden.states()[-1].fatigue is None


@cameras
def test_a_sleeper_lost_from_view_stays_an_open_alert_and_degrades(camera: Camera) -> None:
    ridden = ride(drive().awake(30).closed(3.5).gone(40), camera)
    last = ridden.states()[-1]
    assert (last.fatigue, last.condition) == (FatigueLevel.UNRESPONSIVE, Condition.DEGRADED)
    assert last.degraded is Degraded.FACE_MISSING


def test_perclos_is_unknown_where_the_rate_cannot_carry_it_and_says_so_beside_the_valid_time() -> None:
    slow = ride(drive().awake(180), Camera(5)).states()
    assert all(state.perclos is None for state in slow)
    assert slow[-1].valid_share > 0.95
    for camera in STEADY[1:]:
        last = ride(drive().awake(180), camera).states()[-1]
        assert last.perclos == 0.0, "blinks are no droops"


@pytest.mark.parametrize("camera", seen_by(10))
def test_perclos_is_the_share_of_time_in_droops(camera: Camera) -> None:
    told = drive().awake(30)
    for number in range(60):
        told.open(4.37 + number % 7 / 50).closed(0.5)
    last = ride(told, camera).states()[-1]
    assert last.perclos == pytest.approx(0.5 / 4.93, abs=0.012)


@cameras
def test_a_narrow_eyed_driver_is_seen_as_awake_once_the_baseline_is_learned(camera: Camera) -> None:
    ridden = ride(drive().awake(200, left=0.55, right=0.6), camera)
    later = ridden.states(since=70)
    assert all(state.calibrated == 1.0 for state in later)
    assert sum(state.eyes is Eyes.OPEN for state in later) > 0.9 * len(later)


@cameras
def test_the_baseline_does_not_follow_a_driver_who_tires(camera: Camera) -> None:
    told = drive().awake(90)
    for step in range(10):
        told.awake(60, left=0.04 + step * 0.05, right=0.04 + step * 0.05, blink=0.15 + step * 0.02)
    ridden = ride(told, camera)
    assert ridden.monitor.baseline.open_level < 0.1
    if camera.rate >= 15 and not camera.missing:
        assert ridden.monitor.baseline.blink_s == pytest.approx(0.15, abs=0.06)


@cameras
def test_a_driver_who_starts_out_tired_is_not_learned_as_normal(camera: Camera) -> None:
    told = drive()
    for _ in range(40):
        told.open(1.53).closed(0.75)
    baseline = ride(told, camera).monitor.baseline
    assert baseline.open_level < 0.1
    assert baseline.blink_s <= LIMITS.baseline.blink_max_s


@cameras
def test_a_stern_face_is_calm_once_it_is_known(camera: Camera) -> None:
    ridden = ride(drive().awake(200, anger=0.35), camera)
    assert all((s.anger_score or 0.0) < LIMITS.anger.irritated for s in ridden.states()), "nor before"
    scores = [state.anger_score for state in ridden.states(since=80)]
    assert all(score is not None and score < 0.05 for score in scores)
    emotions = ridden.states()[-1].emotions
    assert emotions is not None
    assert emotions.anger == pytest.approx(0.35, abs=0.03)


@cameras
def test_a_face_that_is_not_read_any_more_has_no_emotions(camera: Camera) -> None:
    ridden = ride(drive().awake(90).gone(20), camera)
    assert ridden.states(since=80, until=90)[-1].emotions is not None
    last = ridden.states()[-1]
    assert (last.emotions, last.anger_score) == (None, None)


def test_a_sleeper_in_a_parked_car_is_not_called_attentive() -> None:
    told = drive().awake(30).times(200, drive().hear(VehicleSpeed(0.0, 0.0)).closed(3))
    ridden = ride(told, Camera(10))
    assert not ridden.alerts()
    assert all(state.condition is not Condition.ATTENTIVE for state in ridden.states(since=34))


def reasons(told: Drive, camera: Camera, baseline: Baseline | None = None) -> list[HeldBack | None]:
    """What held an alert back, each reason once in a row; nobody is left to wonder at a high PERCLOS."""
    ridden = ride(told, camera, baseline=baseline)
    found: list[HeldBack | None] = []
    for state in ridden.states():
        if state.fatigue is not None:
            assert state.held_back is None
        elif state.perclos is not None and state.perclos >= LIMITS.perclos.advisory:
            assert state.held_back is not None
        if found[-1:] != [state.held_back]:
            found.append(state.held_back)
    return found


def nods_off(count: int, seconds: float) -> Drive:
    """Lids that droop ever so long, so often that they are shut for a tenth of the time."""
    return drive().awake(65).times(count, drive().open(9 * seconds).closed(seconds)).open(20)


SLOW_BLINKER = Baseline(0.04, 1.0, 0.3, 1.0, 0.03, 1.0)
careful = pytest.mark.parametrize("camera", seen_by(10))


@careful
def test_a_high_perclos_without_a_second_sign_says_so(camera: Camera) -> None:
    # neither slow closures (from 0.5 s on) nor slow blinks of one who blinks slowly by nature (from 0.48 s on)
    assert HeldBack.SECOND_SIGN in reasons(nods_off(28, 0.4), camera, SLOW_BLINKER)


@careful
def test_one_long_closure_leaves_a_perclos_that_is_no_drowsiness(camera: Camera) -> None:
    found = reasons(drive().awake(65).closed(8).open(40), camera)
    assert HeldBack.DROOPS in found
    assert HeldBack.SECOND_SIGN not in found


@careful
def test_below_the_gate_the_speed_is_named_for_a_closure_and_for_drowsiness(camera: Camera) -> None:
    crawling = drive().hear(VehicleSpeed(0.0, 3.0)).awake(65)
    for _ in range(20):
        crawling.hear(VehicleSpeed(0.0, 3.0)).open(4.5).closed(1.5)
    assert HeldBack.SPEED in reasons(crawling, camera)


@careful
def test_a_closure_that_may_be_something_else_is_named(camera: Camera) -> None:
    long_s = (LIMITS.closure.microsleep_s + LIMITS.closure.excused_s) / 2
    laughs = drive().awake(65).open(5, happiness=0.9).closed(long_s, happiness=0.9).awake(20)
    assert reasons(laughs, camera) == [None, HeldBack.EXPLAINED, None]


@careful
def test_after_an_alert_the_pause_is_named(camera: Camera) -> None:
    assert HeldBack.COOLDOWN in reasons(drive().awake(65).times(8, drive().open(6).closed(1.3)).open(20), camera)


@careful
def test_an_awake_driver_has_nothing_held_back(camera: Camera) -> None:
    assert reasons(drive().awake(120), camera) == [None]
