"""Where the head rests."""

from math import nan

import pytest

from dms.config.driver import BaselineSettings, ClosureSettings
from dms.driver.head import HeadStep, RestingHead
from dms.observation import HeadPose

LIMITS = BaselineSettings()


def watched(*stretches: tuple[float, float, float], rate: float = 10) -> RestingHead:
    """Seconds at a pitch and a yaw."""
    head, t = RestingHead(LIMITS), 50.0
    for seconds, pitch, yaw in stretches:
        for _ in range(round(seconds * rate)):
            head.update(t, HeadPose(yaw, pitch, 0.0))
            t += 1 / rate
    return head


@pytest.mark.parametrize("rate", [5, 10, 30])
def test_is_found_within_seconds_at_any_rate(rate: float) -> None:
    head = watched((LIMITS.head_s + 3, -15.0, 22.0), rate=rate)
    assert (head.pitch, head.yaw) == pytest.approx((-15.0, 22.0), abs=2)


def test_starts_at_the_first_reading_and_a_glance_right_after_it_is_no_rest() -> None:
    assert (watched((0.1, -12.0, 30.0)).pitch, watched((0.1, -12.0, 30.0)).yaw) == (-12.0, 30.0)
    assert watched((1.0, -12.0, 30.0), (2.5, -40.0, 0.0)).pitch > -12.0 - 0.7 * 28.0


@pytest.mark.parametrize("seconds", [8, 15, 25])
def test_a_first_look_into_the_camera_is_soon_outweighed(seconds: float) -> None:
    head = watched((3.0, 0.0, 0.0), (seconds, -14.0, 30.0))
    assert (head.pitch, head.yaw) == pytest.approx((-14.0, 30.0), abs=2)


def test_glances_do_not_move_it() -> None:
    head = watched(*[(4, 2.0, 0.0), (2, -30.0, 40.0)] * 20)
    assert (head.pitch, head.yaw) == pytest.approx((2.0, 0.0), abs=2)


def test_follows_a_camera_that_is_moved() -> None:
    head = watched((1200, 0.0, 0.0), (LIMITS.head_memory_s, 18.0, 0.0))
    assert head.pitch == pytest.approx(18.0, abs=2)


def test_is_clamped_and_minds_no_broken_poses() -> None:
    head = watched((20, -80.0, 85.0), (20, nan, nan))
    assert (head.pitch, head.yaw) == (-LIMITS.pitch_max_deg, LIMITS.yaw_max_deg)
    assert (watched((20, nan, nan)).pitch, RestingHead(LIMITS).pitch) == (0.0, 0.0)


def stepped(before: float, after: float, at_s: float = 0.0, rate: float = 10.0) -> HeadStep:
    """A head that goes from one pitch to another so long after the lids fall at 10 s."""
    step = HeadStep(ClosureSettings())
    for frame in range(round(8 * rate), round(12 * rate)):
        t = frame / rate
        step.update(t, after if t >= 10.0 + at_s else before)
    return step


@pytest.mark.parametrize("rate", [5, 10, 15, 30])
def test_a_head_that_goes_down_with_the_lids_is_a_step(rate: float) -> None:
    assert stepped(2.0, -4.0, rate=rate).down_deg(10.0) == pytest.approx(6.0)


@pytest.mark.parametrize("rate", [5, 10, 15, 30])
def test_a_head_that_sinks_after_the_lids_is_none(rate: float) -> None:
    assert stepped(2.0, -20.0, at_s=0.5, rate=rate).down_deg(10.0) == pytest.approx(0.0)


def test_a_step_that_was_seen_is_remembered_while_the_closure_lasts() -> None:
    step = stepped(2.0, -4.0)
    assert step.down_deg(10.0) == pytest.approx(6.0)
    for frame in range(600):
        step.update(12.0 + frame / 10, -30.0)
    assert step.down_deg(10.0) == pytest.approx(6.0)


def test_a_head_that_was_not_seen_before_the_lids_fell_made_no_step() -> None:
    step = HeadStep(ClosureSettings())
    for frame in range(20):
        step.update(10.0 + frame / 10, nan if frame % 2 else -20.0)
    assert step.down_deg(10.0) is None
