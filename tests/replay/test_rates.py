"""Rates of rare events with their interval, against the tables of Garwood 1936."""

import pytest

from dms.replay.rates import per_hour


@pytest.mark.parametrize(
    ("events", "low", "high"), [(0, 0.0, 3.689), (1, 0.0253, 5.572), (5, 1.623, 11.668), (20, 12.217, 30.888)]
)
def test_the_interval_is_exact(events, low, high):
    assert per_hour(events, 3600) == pytest.approx((events, low, high), abs=1e-3)
    assert per_hour(events, 7200)[2] == pytest.approx(high / 2, abs=1e-3)


@pytest.mark.parametrize(("events", "seconds"), [(-1, 10), (1, 0)])
def test_no_time_has_no_rate(events, seconds):
    with pytest.raises(ValueError, match="a rate needs"):
        per_hour(events, seconds)
