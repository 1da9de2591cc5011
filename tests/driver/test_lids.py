"""Lids that are down: what the net and the head must say until the eyes under them look down."""

import pytest

from dms.config.driver import ClosureSettings
from dms.driver.head import HeadStep
from dms.driver.lids import LoweredLids
from dms.observation import HeadPose, Observation

LIMITS = ClosureSettings()


class Driver:
    """Lowers the lids as told, 20 times a second."""

    def __init__(self, limits: ClosureSettings = LIMITS) -> None:
        self.step = HeadStep(limits)
        self.lids = LoweredLids(limits, self.step)
        self.t = 0.0

    def up(self, seconds: float, pitch: float = 0.0) -> None:
        for _ in range(round(seconds * 20)):
            self.t += 0.05
            self.step.update(self.t, pitch)
            self.lids.up(self.t)

    def down(self, seconds: float, share: float | None, pitch: float = 0.0, sway: float = 0.0) -> list[bool]:
        """The answers; the head sways by so many degrees of yaw."""
        answers = []
        for number in range(round(seconds * 20)):
            self.t += 0.05
            self.step.update(self.t, pitch)
            pose = HeadPose(sway if number // 5 % 2 else -sway, pitch, 0.0)
            seen = Observation(self.t, face=True, pose=pose, left_eye=0.9, right_eye=0.9, looking_down=share)
            answers.append(self.lids.look_down(seen))
        return answers


def test_net_and_head_together_show_eyes_that_look_down() -> None:
    by_step, by_turn = Driver(), Driver()
    by_step.up(2.0)
    answers = by_step.down(3.0, 0.8, pitch=-LIMITS.step_deg - 1.0)
    assert not any(answers[: round(LIMITS.step_window_s * 20)])
    assert all(answers[round(LIMITS.step_window_s * 20) + 2 :])
    by_turn.up(2.0)
    assert all(by_turn.down(3.0, 0.8, sway=LIMITS.turn_deg + 2.0)[20:])


@pytest.mark.parametrize(
    ("share", "pitch", "sway"),
    [(0.9, 0.0, 0.0), (0.1, -10.0, 10.0), (None, -10.0, 10.0), (float("nan"), -10.0, 10.0)],
    ids=["still head", "net says shut", "net says nothing", "not a number"],
)
def test_neither_alone_does(share: float | None, pitch: float, sway: float) -> None:
    driver = Driver()
    driver.up(2.0)
    assert not any(driver.down(4.0, share, pitch, sway))


def test_lids_that_stay_down_are_shut() -> None:
    driver = Driver()
    driver.up(2.0)
    answers = driver.down(LIMITS.lowered_max_s + 3.0, 0.9, pitch=-8.0)
    assert any(answers)
    assert not any(answers[round(LIMITS.lowered_max_s * 20) + 1 :])


def test_a_head_that_sinks_after_the_lids_excuses_nothing() -> None:
    driver = Driver()
    driver.up(2.0)
    driver.down(1.0, 0.9)
    assert not any(driver.down(3.0, 0.9, pitch=-15.0))


def test_a_glimpse_of_open_eyes_begins_nothing_anew_and_longer_does() -> None:
    driver = Driver(LIMITS.model_copy(update={"lowered_max_s": 12.0}))
    driver.up(2.0)
    driver.down(2.0, 0.9, pitch=-8.0)
    driver.up(0.1, pitch=-8.0)
    assert driver.down(0.1, 0.9, pitch=-8.0) == [True, True]
    driver.up(1.0, pitch=-8.0)
    assert not any(driver.down(2.0, 0.9, pitch=-8.0)), "the head rests there now"


@pytest.mark.parametrize(
    ("share", "sure"), [(0.05, True), (LIMITS.shut_limit + 0.1, False), (0.9, False), (None, False)]
)
def test_only_a_net_that_answers_may_be_sure_of_shut_lids(share: float | None, sure: bool) -> None:
    driver = Driver()
    driver.up(2.0)
    assert not driver.lids.surely_shut(driver.t)
    driver.down(1.0, share)
    assert driver.lids.surely_shut(driver.t) is sure
    driver.up(1.0)
    assert not driver.lids.surely_shut(driver.t)
