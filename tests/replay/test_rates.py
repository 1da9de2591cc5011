"""Rates, shares and chance, against published tables: Garwood 1936, Clopper and Pearson 1934."""

import pytest

from dms.replay.rates import chance, per_hour, share


@pytest.mark.parametrize(
    ("events", "low", "high"), [(0, 0.0, 3.689), (1, 0.0253, 5.572), (5, 1.623, 11.668), (20, 12.217, 30.888)]
)
def test_the_interval_is_exact(events: int, low: float, high: float) -> None:
    assert per_hour(events, 3600) == pytest.approx((events, low, high), abs=1e-3)
    assert per_hour(events, 7200)[2] == pytest.approx(high / 2, abs=1e-3)


@pytest.mark.parametrize(("events", "seconds"), [(-1, 10), (1, 0)])
def test_no_time_has_no_rate(events: int, seconds: float) -> None:
    with pytest.raises(ValueError, match="a rate needs"):
        per_hour(events, seconds)


@pytest.mark.parametrize(
    ("hits", "tries", "low", "high"),
    [(0, 10, 0.0, 0.3085), (10, 10, 0.6915, 1.0), (5, 10, 0.1871, 0.8129), (35, 39, 0.7578, 0.9713)],
)
def test_the_interval_of_a_share_is_exact(hits: int, tries: int, low: float, high: float) -> None:
    assert share(hits, tries) == pytest.approx((hits / tries, low, high), abs=1e-4)


@pytest.mark.parametrize(("hits", "tries"), [(0, 0), (3, 2), (-1, 2)])
def test_what_is_no_share_is_refused(hits: int, tries: int) -> None:
    with pytest.raises(ValueError, match="a share needs"):
        share(hits, tries)


@pytest.mark.parametrize(
    ("better", "worse", "often"),
    [(0, 0, 1.0), (1, 0, 1.0), (3, 3, 1.0), (5, 0, 0.0625), (0, 6, 0.03125), (9, 1, 0.0215)],
)
def test_few_changes_may_be_chance(better: int, worse: int, often: float) -> None:
    assert chance(better, worse) == pytest.approx(often, abs=1e-4)
