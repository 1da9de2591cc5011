"""Windows, means and histograms: exact in time, at any frame rate."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.driver.smoothing import DecayingMean, Histogram, Recent, SlidingTime

spans = st.lists(st.tuples(st.integers(0, 2), st.floats(0.001, 5.0)), min_size=1, max_size=200)


@given(spans, st.floats(0.5, 30.0))
@settings(max_examples=150)
def test_sliding_time_is_the_time_within_the_window(history: list[tuple[int, float]], length_s: float) -> None:
    window = SlidingTime(length_s, 3)
    for kind, span_s in history:
        window.add(kind, span_s)
    left_s, wanted = length_s, [0.0, 0.0, 0.0]
    for kind, span_s in reversed(history):
        wanted[kind] += min(span_s, left_s)
        left_s -= min(span_s, left_s)
    assert window.totals == pytest.approx(wanted, abs=1e-9)


@given(st.lists(st.floats(0.01, 1.0), min_size=1, max_size=50))
@settings(max_examples=60)
def test_sliding_time_does_not_mind_how_time_is_cut(cuts: list[float]) -> None:
    whole, cut = SlidingTime(10.0, 2), SlidingTime(10.0, 2)
    for window in (whole, cut):
        window.add(1, 4.0)
    whole.add(0, sum(cuts))
    for span_s in cuts:
        cut.add(0, span_s)
    assert cut.totals == pytest.approx(whole.totals, abs=1e-9)


def test_sliding_time_does_not_drift_over_a_day() -> None:
    window = SlidingTime(60.0, 2)
    for number in range(24 * 3600 * 4):
        window.add(int(number % 16 == 0), 0.25)
    assert sum(window.totals) == pytest.approx(60.0, abs=1e-6)
    assert window.totals[1] == pytest.approx(60.0 / 16, abs=0.26)


def test_the_newest_segment_can_turn_out_to_be_something_else() -> None:
    window = SlidingTime(10.0, 3)
    window.add(0, 1.0)
    window.add(1, 0.5)
    window.rename(1, 2)
    window.rename(0, 2)
    assert window.totals == [1.0, 0.0, 0.5]


@pytest.mark.parametrize(("length_s", "kinds"), [(0.0, 1), (-1.0, 1), (1.0, 0)])
def test_a_window_without_length_or_kinds_is_refused(length_s: float, kinds: int) -> None:
    with pytest.raises(ValueError, match="window"):
        SlidingTime(length_s, kinds)


@pytest.mark.parametrize("parts", [1, 5, 30, 1000])
def test_a_decaying_mean_is_exact_at_every_rate(parts: int) -> None:
    mean = DecayingMean(3.0, 1)
    for _ in range(parts):
        mean.add(6.0 / parts, (0.2,), (0.2,))
    for _ in range(parts):
        mean.add(3.0 / parts, (0.8,), (0.8,))
    e = 2.718281828459045
    wanted = (0.8 * (1 - 1 / e) + 0.2 * (1 / e - e**-3)) / (1 - e**-3)
    assert mean.means() == pytest.approx([wanted])


@given(st.lists(st.tuples(st.booleans(), st.floats(0.01, 2.0), st.floats(0, 1)), min_size=1, max_size=60))
@settings(max_examples=100)
def test_a_decaying_mean_leaves_unknown_time_out(history: list[tuple[bool, float, float]]) -> None:
    mean = DecayingMean(2.0, 1)
    known = [value for is_known, _, value in history if is_known]
    for is_known, span_s, value in history:
        if is_known:
            mean.add(span_s, (value,), (value,))
        else:
            mean.skip(span_s)
    assert 0.0 <= mean.valid_share <= 1.0
    means = mean.means()
    if means is not None:
        assert min(known) - 1e-9 <= means[0] <= max(known) + 1e-9
    elif known:
        assert mean.valid_share < 1e-6


def test_a_mean_of_nothing_is_unknown() -> None:
    mean = DecayingMean(2.0, 2)
    assert mean.means() is None
    mean.skip(5.0)
    assert mean.means() is None
    mean.add(1.0, (1.0, 0.0), (1.0, 0.0))
    mean.clear()
    assert mean.means() is None


def test_recent_values_count_for_their_time_and_are_few() -> None:
    recent = Recent(10.0, 3)
    for t in range(5):
        recent.add(float(t), float(t))
    assert recent.values(4.0) == [2.0, 3.0, 4.0]
    assert recent.values(12.5) == [3.0, 4.0]
    assert recent.count(100.0) == 0


@given(st.lists(st.tuples(st.floats(-0.5, 1.5), st.floats(0.01, 3.0)), min_size=1, max_size=50))
@settings(max_examples=100)
def test_quantiles_rise_and_stay_in_range(readings: list[tuple[float, float]]) -> None:
    histogram = Histogram(0.0, 1.0, 50)
    for value, weight in readings:
        histogram.add(value, weight)
    quantiles = [histogram.quantile(share) for share in (0.1, 0.3, 0.5, 0.9, 1.0)]
    assert all(a <= b + 1e-9 for a, b in pairwise(quantiles))
    assert all(-1e-9 <= q <= 1.0 + 1e-9 for q in quantiles)


def test_a_quantile_is_the_value_to_within_a_bin() -> None:
    histogram = Histogram(0.0, 1.0, 50)
    for number in range(1000):
        histogram.add(number / 1000, 1.0)
    assert histogram.quantile(0.3) == pytest.approx(0.3, abs=0.02)


def test_values_outside_fall_into_the_outermost_bins() -> None:
    for value, low, high in ((7.0, 0.98, 1.0), (-7.0, 0.0, 0.02)):
        histogram = Histogram(0.0, 1.0, 50)
        histogram.add(value, 1.0)
        assert low <= histogram.quantile(0.0) <= histogram.quantile(1.0) <= high


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(ValueError, match="histogram"):
        Histogram(1.0, 1.0, 5)
    with pytest.raises(ValueError, match="mean"):
        DecayingMean(0.0, 1)
