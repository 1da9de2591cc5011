"""Where the head rests."""

from math import nan

import pytest

from dms.config.driver import BaselineSettings
from dms.driver.head import RestingHead
from dms.observation import HeadPose

LIMITS = BaselineSettings()


def watched(*stretches: tuple[float, float, float], rate: float = 10) -> RestingHead:
    """Seconds at a pitch and a yaw."""
    head, t = RestingHead(LIMITS), 50.0
    for seconds, pitch, yaw in stretches:
        for _ in range(round(seconds * rate)):
            head.see(t, HeadPose(yaw, pitch, 0.0))
            t += 1 / rate
    return head


@pytest.mark.parametrize("rate", [5, 10, 30])
def test_is_found_within_seconds_at_any_rate(rate: float) -> None:
    head = watched((LIMITS.head_s + 3, -15.0, 22.0), rate=rate)
    assert (head.pitch, head.yaw) == (pytest.approx(-15.0, abs=2), pytest.approx(22.0, abs=2))


def test_glances_do_not_move_it() -> None:
    head = watched(*[(4, 2.0, 0.0), (2, -30.0, 40.0)] * 20)
    assert (head.pitch, head.yaw) == (pytest.approx(2.0, abs=2), pytest.approx(0.0, abs=2))


def test_follows_a_camera_that_is_moved() -> None:
    head = watched((1200, 0.0, 0.0), (LIMITS.head_memory_s, 18.0, 0.0))
    assert head.pitch == pytest.approx(18.0, abs=2)


def test_is_clamped_and_minds_no_broken_poses() -> None:
    head = watched((20, -80.0, 85.0), (20, nan, nan))
    assert (head.pitch, head.yaw) == (-LIMITS.pitch_max_deg, LIMITS.yaw_max_deg)
    assert (watched((20, nan, nan)).pitch, RestingHead(LIMITS).pitch) == (0.0, 0.0)
