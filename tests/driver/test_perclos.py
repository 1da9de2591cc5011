"""PERCLOS: what counts in which part."""

import random

import pytest

from dms.config.driver import PerclosSettings
from dms.driver.perclos import Perclos
from dms.driver.span import Reading, Span
from dms.driver.state import Eyes

LIMITS = PerclosSettings()
STEP = 0.05
READINGS = {
    "open": Reading(Eyes.OPEN),
    "closed": Reading(Eyes.CLOSED),
    "doubtful": Reading(Eyes.CLOSED),
    "unknown": Reading(Eyes.UNKNOWN),
}


def measure(*history: tuple[str, float]) -> Perclos:
    """Stretches of ``open``, ``closed``, ``doubtful`` or ``unknown`` eyes, seen 20 times a second."""
    perclos = Perclos(LIMITS)
    for what, seconds in history:
        closure_s = 0.0
        for _ in range(round(seconds / STEP)):
            closure_s += STEP
            perclos.add(Span(0.0, STEP, STEP, READINGS[what]), closure_s, what == "doubtful")
    return perclos


def test_is_the_share_of_closed_time() -> None:
    assert measure(("open", 54), ("closed", 6)).value() == pytest.approx(0.1, abs=1e-6)


def test_leaves_blinks_out_but_keeps_their_time_as_valid() -> None:
    blinking = measure(*[("open", 0.8), ("closed", 0.2)] * 60, ("open", 0.1))
    assert blinking.value() == 0.0
    assert blinking.valid_share() == pytest.approx(1.0)


@pytest.mark.parametrize("what", ["unknown", "doubtful"])
def test_unknown_and_doubtful_time_counts_in_neither_part(what: str) -> None:
    measured = measure(("open", 36), (what, 20), ("closed", 4))
    assert measured.value() == pytest.approx(0.1, abs=1e-6)
    assert measured.valid_share() == pytest.approx(40 / 60, abs=1e-6)


def test_only_unknown_time_is_unknown_in_the_known_share() -> None:
    measured = measure(("open", 20), ("unknown", 20), ("doubtful", 20))
    assert measured.known_share() == pytest.approx(40 / 60, abs=1e-6)


def test_is_unknown_below_the_least_valid_time() -> None:
    assert measure(("open", LIMITS.min_valid_share * 60 - 1)).value() is None
    assert measure(("open", LIMITS.min_valid_share * 60 + 1)).value() == 0.0
    assert measure(("open", 60), ("unknown", 31)).value() is None


def test_forgets_what_is_older_than_the_window() -> None:
    assert measure(("closed", 30), ("open", 60)).value() == pytest.approx(0.0, abs=1e-9)
    assert measure(("closed", 30), ("open", 45)).value() == pytest.approx(0.25, abs=1e-6)


def test_a_closure_cut_off_by_unknown_eyes_before_it_is_a_droop_stays_unknown() -> None:
    measured = measure(("open", 50), ("closed", 0.2), ("unknown", 1), ("open", 5))
    assert measured.value() == 0.0
    assert measured.valid_share() == pytest.approx(55 / 60, abs=1e-6)


@pytest.mark.parametrize(("rate", "known"), [(5, False), (6, False), (8, True), (10, True), (30, True)])
def test_is_unknown_at_a_rate_that_cannot_carry_it(rate: float, known: bool) -> None:
    perclos = Perclos(LIMITS)
    for _ in range(int(60 * rate)):
        perclos.add(Span(0.0, 1 / rate, 1 / rate, READINGS["open"]), 0.0, False)
    assert (perclos.value() is not None) is known
    assert perclos.known_share() == pytest.approx(1.0, abs=0.01)


def test_shares_stay_shares_however_the_spans_add_up() -> None:
    perclos, chance = Perclos(LIMITS), random.Random(1)
    for number in range(3000):
        step = chance.choice((1 / 30, 1 / 15, 0.1, 0.07))
        closed = number % 7 == 0
        perclos.add(Span(0.0, step, step, READINGS["closed" if closed else "open"]), 1.0 if closed else 0.0, False)
        assert perclos.known_share() <= 1.0
        assert perclos.valid_share() <= 1.0
