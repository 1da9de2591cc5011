"""What is normal for one driver."""

import pytest

from dms.config.driver import DriverSettings
from dms.driver.baseline import Baseline, BaselineLearner

LIMITS = DriverSettings()
OWN = LIMITS.baseline


def learned(levels: list[tuple[float, float]]) -> BaselineLearner:
    """Seconds of an open-eye reading, taken ten times a second."""
    learner = BaselineLearner(LIMITS, None)
    for level, seconds in levels:
        for _ in range(int(seconds * 10)):
            if learner.opening.learned < 1.0:
                learner.opening.add(level, 0.1)
    return learner


def test_starts_from_the_priors() -> None:
    baseline = BaselineLearner(LIMITS, None).baseline()
    assert baseline == Baseline.unknown(OWN)
    assert (baseline.open_level, baseline.blink_s) == (OWN.open_prior, OWN.blink_prior_s)


def test_a_kept_level_that_does_not_fit_who_drives_is_learned_anew() -> None:
    kept = Baseline(0.05, 1.0, 0.2, 1.0, 0.1, 1.0)
    learner = BaselineLearner(LIMITS, kept)
    for _ in range(int(OWN.fit_s * 10) - 1):
        learner.add_eyes(0.4, 0.1)
    assert learner.baseline() == kept, "judged once, after enough was seen"
    learner.add_eyes(0.4, 0.2)
    anew = learner.baseline()
    assert learner.stranger
    assert anew.open_learned == pytest.approx(0.5, abs=0.02)
    assert (anew.blink_learned, anew.anger_learned) == (0.0, 0.0)
    assert anew.open_level == pytest.approx((OWN.open_prior + 0.4) / 2, abs=0.02)
    assert anew.anger == OWN.anger_prior


def test_a_kept_level_that_fits_stays_as_it_is() -> None:
    kept = Baseline(0.25, 1.0, 0.2, 1.0, 0.1, 1.0)
    learner = BaselineLearner(LIMITS, kept)
    for _ in range(int(OWN.learn_s * 20)):
        learner.add_eyes(0.12, 0.1)
    assert (learner.stranger, learner.learns_eyes, learner.baseline()) == (False, False, kept)


def test_moves_from_the_prior_to_the_driver_as_it_learns() -> None:
    half = learned([(0.4, OWN.learn_s / 2)]).baseline()
    whole = learned([(0.4, OWN.learn_s + 1)]).baseline()
    assert half.open_learned == pytest.approx(0.5, abs=0.02)
    assert half.open_level == pytest.approx((OWN.open_prior + 0.4) / 2, abs=0.02)
    assert whole.open_learned == 1.0
    assert whole.open_level == pytest.approx(0.4, abs=0.02)


def test_closed_eyes_do_not_move_it() -> None:
    mixed = learned([(0.05, 2), (0.95, 1)] * 30).baseline()
    assert mixed.open_level < 0.08


def test_shut_eyes_cannot_be_learned_as_open() -> None:
    assert learned([(0.97, 100)]).baseline().open_level <= OWN.open_max


def test_half_a_lesson_is_begun_anew_and_a_whole_one_is_kept() -> None:
    known = Baseline(0.3, 0.6, 0.25, 1.0, 0.2, 0.4)
    kept = BaselineLearner(LIMITS, known).baseline()
    assert (kept.open_level, kept.open_learned) == (OWN.open_prior, 0.0)
    assert (kept.blink_s, kept.blink_learned) == (0.25, 1.0)
    assert (kept.anger, kept.anger_learned) == (OWN.anger_prior, 0.0)


def test_what_was_stored_is_clamped_too() -> None:
    kept = BaselineLearner(LIMITS, Baseline(0.99, 1.0, 9.0, 1.0, 1.0, 1.0)).baseline()
    assert kept == Baseline(OWN.open_max, 1.0, OWN.blink_max_s, 1.0, OWN.anger_max, 1.0)


def test_every_blink_counts_at_once() -> None:
    learner = BaselineLearner(LIMITS, None)
    for number in range(1, 4):
        learner.blink.add(0.3, 1.0)
        assert learner.baseline().blink_learned == pytest.approx(number / OWN.blinks)


def test_the_level_of_open_eyes_is_estimated_once_in_a_second_and_not_in_every_frame() -> None:
    learner = BaselineLearner(LIMITS, None)
    changed = sum(learner.add_eyes(0.3, 1 / 30) for _ in range(300))
    assert changed == pytest.approx(10, abs=1)
