"""Anger that flickers, and anger that nobody saw for long: when it is told, and since when it has been there."""

import math
from itertools import pairwise

import pytest

from dms.driver.anger import TimeAbove
from dms.driver.state import AngerLevel, Phase

from .drives import LIMITS, Camera, drive, ride


@pytest.mark.parametrize("rate", [5, 10, 30])
def test_anger_that_flickers_about_the_limit_is_told_in_time(rate: float) -> None:
    told = drive().awake(120).mark("waver").times(6, drive().open(1.5, anger=0.55).open(1.5, anger=0.2)).awake(20)
    first = next(alert for _, alert in ride(told, Camera(rate)).alerts())
    assert first.level is AngerLevel.IRRITATED
    # 9.3 s and more where each dip below the limit begins anew
    assert first.t - first.started_t > LIMITS.anger.irritated_s
    assert first.evidence["irritated_s"] == pytest.approx(LIMITS.anger.irritated_s, abs=0.2 + 1 / rate)


def test_rage_after_a_minute_of_nothing_known_is_an_alert_of_its_own() -> None:
    told = drive().awake(65).open(20, anger=0.9).gone(120).mark("back").open(10, anger=0.9).awake(30)
    starts = [alert for _, alert in ride(told, Camera(10)).alerts() if alert.phase is Phase.START]
    assert [alert.level for alert in starts] == [AngerLevel.IRRITATED, AngerLevel.IRRITATED]
    assert starts[1].started_t - starts[0].started_t > 120, "what was before the gap is over"
    assert starts[1].t - starts[1].started_t == pytest.approx(LIMITS.anger.irritated_s, abs=0.3)


@pytest.mark.parametrize("rate", [2, 5, 10, 30])
def test_the_time_above_a_limit_is_the_same_at_every_rate(rate: int) -> None:
    time, score = TimeAbove(0.3, 0.0), [0.3 + 0.1 * math.sin(t / rate * math.pi / 2) for t in range(40 * rate + 1)]
    for number, (before, now) in enumerate(pairwise(score), start=1):
        time.add(number / rate, 1 / rate, before, now)
    assert time.seconds == pytest.approx(20.0, abs=0.2)
