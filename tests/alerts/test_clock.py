"""The time of day, when the machine does not know it."""

import json
from pathlib import Path

import pytest

from dms.alerts.clock import FLOOR, ClockQuality, boot_id, kernel_disciplined
from dms.alerts.delivery.entry import Entry
from dms.alerts.delivery.lateness import as_sent
from dms.alerts.encoder import Encoder

from .make import FATIGUE, GOOD_UTC, VEHICLE, Times, alert


def test_times_on_the_frames_clock_become_utc() -> None:
    times = Times(monotonic=100.0, utc=GOOD_UTC)
    assert times.clock().stamp(98.5).utc == GOOD_UTC - 1.5


@pytest.mark.parametrize(
    ("utc", "disciplined", "trust", "good"),
    [
        (GOOD_UTC, True, False, True),
        (GOOD_UTC, False, False, False),  # restored from the disk at boot, network time not there yet
        (GOOD_UTC, False, True, True),  # battery-backed
        (12.0, True, True, False),  # 1970, whatever anybody says
        (FLOOR - 1, True, False, False),
    ],
)
def test_when_the_wall_clock_is_believed(utc: float, disciplined: bool, trust: bool, good: bool) -> None:
    clock = Times(utc=utc, disciplined=disciplined).clock(trust)
    expected = ClockQuality.SYNCHRONISED if good else ClockQuality.UNSYNCHRONISED
    assert clock.synchronised is good
    assert clock.stamp(100.0).quality is expected


def test_a_slewing_clock_does_not_pull_the_times_of_one_alert_apart() -> None:
    times = Times()
    clock = times.clock()
    started = clock.stamp(99.0).utc
    times.passes(20.0)
    times.utc += 0.01
    assert clock.stamp(99.0).utc == started


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0, 0.2, -0.2])
def test_a_step_of_the_wall_clock_counts_from_then_on(jump_s: float) -> None:
    times = Times()
    clock = times.clock()
    times.utc += jump_s
    assert clock.stamp(times.monotonic).utc == pytest.approx(GOOD_UTC + jump_s)


def test_the_kernel_gives_an_answer() -> None:
    assert kernel_disciplined() in (True, False)


def test_a_boot_has_one_name() -> None:
    assert boot_id() == boot_id()


def test_where_the_kernels_id_is_hidden_every_start_is_a_boot_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("dms.alerts.clock._BOOT_ID", tmp_path / "hidden")
    names = []
    for _ in range(2):
        boot_id.cache_clear()
        names.append(boot_id())
    boot_id.cache_clear()
    assert names[0] != names[1]


def kept(times: Times, boot: str = "this-boot") -> Entry:
    """An alert as it goes to the outbox, judged now, begun 1.5 s ago."""
    t = times.monotonic
    made = Encoder(VEHICLE, "session", times.clock().stamp)
    message = made.alert(alert(t=t, started_t=t - 1.5))
    return Entry(FATIGUE, "start", 1, message.to_json(), boot, t, t - 1.5)


def test_a_late_alert_says_how_late_it_is_and_is_otherwise_the_same() -> None:
    times = Times()
    entry = kept(times)
    first = json.loads(as_sent(entry, times.clock(), "this-boot", None))
    times.passes(90.0)
    again = json.loads(as_sent(entry, times.clock(), "this-boot", None))
    assert (first.pop("late_s"), again.pop("late_s")) == (0.0, 90.0)
    assert first == again


def test_lateness_does_not_rest_on_the_wall_clock() -> None:
    times = Times()
    entry = kept(times)
    clock = times.clock()
    times.passes(90.0)
    times.utc -= 3600.0
    assert json.loads(as_sent(entry, clock, "this-boot", None))["late_s"] == 90.0


def test_when_the_clock_becomes_good_the_waiting_stamps_are_corrected_and_say_so() -> None:
    times = Times(utc=30.0, disciplined=False)
    clock = times.clock()
    entry = kept(times)
    before = json.loads(as_sent(entry, clock, "this-boot", None))
    assert (before["clock"], before["at"]) == ("unsynchronised", "1970-01-01T00:00:30.000Z")
    times.passes(60.0)
    times.utc, times.disciplined = GOOD_UTC, True
    after = json.loads(as_sent(entry, clock, "this-boot", clock.offset))
    assert after["clock"] == "corrected"
    assert after["at"] == "2027-01-15T07:59:00.000Z"
    assert after["started_at"] == "2027-01-15T07:58:58.500Z"
    assert after["late_s"] == 60.0
    assert (after["event_id"], after["sequence"]) == (before["event_id"], before["sequence"])


def test_an_alert_of_an_earlier_boot_is_late_by_the_time_of_day() -> None:
    times = Times()
    entry = kept(times, boot="yesterday")
    later = Times(monotonic=5.0, utc=GOOD_UTC + 7200.0)
    assert json.loads(as_sent(entry, later.clock(), "this-boot", None))["late_s"] == 7200.0


def test_an_alert_of_an_earlier_boot_without_a_clock_is_late_by_nobody_knows() -> None:
    times = Times(utc=30.0, disciplined=False)
    entry = kept(times, boot="yesterday")
    later = json.loads(as_sent(entry, Times(monotonic=5.0).clock(), "this-boot", None))
    assert (later["late_s"], later["clock"]) == (None, "unsynchronised")
