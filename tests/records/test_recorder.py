"""The daemon's trace: bounded, private, without holes, and never in the way."""

import os
import resource
import shutil
import threading
import time
from pathlib import Path

import pytest

from dms.config import DriverSettings
from dms.driver.baseline import Baseline
from dms.driver.inputs import VehicleSpeed
from dms.observation import Observation
from dms.records.recorder import TraceRecorder
from dms.records.trace import read_trace
from tests.conftest import until

UNKNOWN = Baseline.unknown(DriverSettings().baseline)


def write(recorder: TraceRecorder, event: Observation) -> None:
    """Write at the disk's pace: a camera gives thirty a second, not a million."""
    recorder.write(event)
    until(lambda: recorder._queue.qsize() <= 500)


def record(folder: Path, count: int, limit_mb: float = 8.0, session: str = "session") -> list[Observation]:
    recorder = TraceRecorder(folder, limit_mb)
    recorder.start("camera 0", session, lambda: UNKNOWN)
    events = [Observation(float(t), face=True, left_eye=0.25) for t in range(count)]
    for event in events:
        write(recorder, event)
    recorder.stop(60.0)
    assert recorder.error is None
    return events


def test_what_was_seen_and_heard_is_read_back(tmp_path: Path) -> None:
    recorder = TraceRecorder(tmp_path / "traces", 8.0)
    recorder.start("camera 0", "one", lambda: UNKNOWN)
    events: list[Observation | VehicleSpeed] = [Observation(1.0), VehicleSpeed(1.5, 80.0), Observation(2.0)]
    for event in events:
        recorder.write(event)
    recorder.start("camera 0", "two", lambda: UNKNOWN)
    recorder.write(Observation(3.0))
    recorder.stop(60.0)
    header, read = read_trace(tmp_path / "traces" / "000001")
    assert (header.session, header.baseline, list(read)) == ("one", UNKNOWN, events)
    header, read = read_trace(tmp_path / "traces" / "000002")
    assert (header.session, list(read)) == ("two", [Observation(3.0)])


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        record(tmp_path / "traces", 10)
    finally:
        os.umask(before)
    modes = {path: path.stat().st_mode & 0o777 for path in (tmp_path / "traces").rglob("*")}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}


def test_the_limit_holds_and_the_oldest_go_first(tmp_path: Path) -> None:
    limit_mb = 1.6
    for session in range(3):
        record(tmp_path, 12_000, limit_mb, session=f"session-{session}")
        assert sum(path.stat().st_size for path in tmp_path.rglob("*.jsonl")) <= limit_mb * 1e6
    newest = sorted(tmp_path.iterdir())[-1]
    assert newest.name == "000003"
    header, events = read_trace(newest)
    assert header.session == "session-2"
    kept = [event.t for event in events]
    assert kept == [float(t) for t in range(int(kept[0]), 12_000)], "no hole, and nothing new is missing"
    *full, _ = sorted(newest.iterdir())
    assert len(full) >= 2
    assert all(part.stat().st_size >= limit_mb * 1e6 / 8 for part in full), "a part begins when the one before is full"


def test_a_disk_that_refuses_ends_the_trace_and_a_new_one_begins_later(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    recorder = TraceRecorder(tmp_path, 8.0)
    recorder.start("camera 0", "session", lambda: UNKNOWN)
    t = 0.0
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        while recorder.error is None and t < 1000.0:
            write(recorder, Observation(t))
            t += 0.01
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert recorder.error == "File too large"
    for later in (t, t + 30.0, t + 70.0, t + 71.0):
        recorder.write(Observation(later))
    recorder.stop(60.0)
    assert recorder.error is None
    assert list(read_trace(tmp_path / "000002")[1]) == [Observation(t + 71.0)]


def test_a_folder_that_cannot_be_made_does_not_stop_the_road(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    recorder = TraceRecorder(tmp_path / "file", 8.0)
    recorder.start("camera 0", "session", lambda: UNKNOWN)
    recorder.write(Observation(1.0))
    recorder.stop(60.0)
    assert recorder.error is not None


def test_a_disk_that_hangs_does_not_block_the_road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = threading.Event()
    # no real disk hangs on demand
    monkeypatch.setattr("dms.records.trace_files.make_room", lambda *_: free.wait(60.0))
    recorder = TraceRecorder(tmp_path, 8.0)
    recorder.start("camera 0", "session", lambda: UNKNOWN)
    started = time.monotonic()
    for t in range(10_000):
        recorder.write(Observation(float(t) / 1000))
    assert time.monotonic() - started < 30.0
    assert recorder.error == "the disk is too slow"
    free.set()
    recorder.stop(60.0)
    assert recorder.error == "the disk is too slow", "the disk has come back, but nothing was written"


def test_a_disk_that_is_nearly_full_is_left_to_the_alerts_and_the_trace_goes_on_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage, free = shutil.disk_usage(tmp_path), 60_000_000
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=free))
    recorder = TraceRecorder(tmp_path / "traces", 100.0)
    recorder.start("camera 0", "session", lambda: UNKNOWN)
    recorder.write(Observation(0.0))
    until(recorder._queue.empty)
    assert recorder.error is None
    free = 50_500_000
    t = 0.0
    while recorder.error is None:  # it is asked after each million of bytes
        t += 1.0
        write(recorder, Observation(t))
    assert recorder.error == "the disk is nearly full: 50 MB are free"
    held = sum(part.stat().st_size for part in (tmp_path / "traces").rglob("*.jsonl"))
    assert held < 2_000_000
    free = 60_000_000
    recorder.write(Observation(t + 1.0))  # from here a minute is waited
    recorder.write(Observation(t + 62.0))
    until(lambda: recorder.error is None)
    recorder.stop(60.0)
    _, read = read_trace(tmp_path / "traces" / "000002")
    assert list(read) == []
