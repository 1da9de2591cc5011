"""Many drives as one thing: real processes, bad files, interruptions, and what is not done twice."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePath

import pytest

from dms.config import Config, DriverSettings
from dms.config.driver import ClosureSettings
from dms.demo import SAMPLE_DRIVE
from dms.errors import UserError
from dms.observation import Observation
from dms.records.trace import TraceHeader, TraceWriter
from dms.replay.batch import replay_batch
from dms.replay.drives import Drive, find_drives
from dms.replay.files import UNFINISHED
from dms.replay.pool import replay_side_by_side
from dms.replay.replay import Job, Outcome, finished, jobs_for, replay_drives
from dms.replay.score import score


def asleep(path: Path, seconds: float = 20.0) -> Path:
    """The trace of a drive with one closure of 3.5 s, from second 10 on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with TraceWriter(path, TraceHeader(path.stem, f"session of {path.stem}")) as trace:
        for index in range(int(seconds * 15)):
            t = round(index / 15, 6)
            eye = 0.97 if 10.0 <= t < 13.5 else 0.03
            trace.write(Observation(t, face=True, face_score=0.9, left_eye=eye, right_eye=eye))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.jsonl", "sub/a.jsonl", "sub/b.jsonl"):
        asleep(tmp_path / "drives" / name)
    return tmp_path / "drives"


def jobs(folder: Path, out: Path, config: Config | None = None, *, again: bool = False) -> list[Job]:
    return jobs_for(find_drives([folder], out).drives, config or Config(), out, again=again)


def quiet(_outcome: Outcome) -> None:
    """Nobody listens."""


def dms(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dms", *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False
    )


def test_a_bad_file_stops_no_other_and_is_named_at_the_end(folder: Path, tmp_path: Path) -> None:
    (folder / "sub" / "bad.mp4").write_bytes(b"no video")
    (folder / "torn.jsonl").write_text('{"trace_version":2,"drive":"torn","session":"s"}\n{"t":"x"}\n{}\n')
    result = dms("replay", folder, "--out", tmp_path / "out", "--workers", "1")
    assert result.returncode == 1
    assert {path.parent.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("summary.json")} == {
        PurePath("a"),
        PurePath("sub/a"),
        PurePath("sub/b"),
    }
    assert result.stdout.count("1 x fatigue/asleep in ") == 3, "a line for each drive"
    assert "3 drives, 0.02 h: 3 x fatigue/asleep" in result.stdout.splitlines()[-1]
    first, *named = result.stderr.splitlines()[-3:]
    assert first == "dms: 2 of 5 drives failed:"
    assert any("bad.mp4: not a video" in line for line in named)
    assert any("torn.jsonl:2: not a line of a trace" in line for line in named)
    assert "not a line" in (tmp_path / "out" / "torn" / UNFINISHED).read_text()


def test_what_is_done_is_not_done_twice_unless_something_changed(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def redone(config: Config | None = None, *, again: bool = False) -> list[str]:
        batch = replay_batch(jobs(folder, out, config, again=again), 1, quiet)
        assert [summary.alerts for summary in batch.summaries] == [{"fatigue/asleep": 1}] * 3
        return [outcome.drive.name for outcome in batch.outcomes if not outcome.skipped]

    every = ["a.jsonl", "sub/a.jsonl", "sub/b.jsonl"]
    assert redone() == every
    assert redone() == []
    assert redone(again=True) == every
    other = Config(driver=DriverSettings(closure=ClosureSettings(microsleep_s=1.5)))
    assert redone(other) == every
    assert redone(other) == []
    (out / "a" / UNFINISHED).touch()
    (out / "sub" / "a" / "summary.json").unlink()
    asleep(folder / "sub" / "b.jsonl", 21.0)
    assert redone(other) == every
    assert redone(other) == []
    stale = [replace(job, program={"version": "0.0.9", "code": "x"}) for job in jobs(folder, out, other)]
    assert not any(outcome.skipped for outcome in replay_batch(stale, 1, quiet).outcomes)


def test_a_copy_elsewhere_is_the_same_drive(folder: Path, tmp_path: Path) -> None:
    replay_batch(jobs(folder, tmp_path / "out"), 1, quiet)
    folder.rename(tmp_path / "moved")
    assert all(
        outcome.skipped for outcome in replay_batch(jobs(tmp_path / "moved", tmp_path / "out"), 1, quiet).outcomes
    )


def test_results_say_what_made_them(folder: Path, tmp_path: Path) -> None:
    replay_batch(jobs(folder, tmp_path / "out"), 1, quiet)
    made_by = json.loads((tmp_path / "out" / "sub" / "b" / "summary.json").read_text())["made_by"]
    assert made_by["version"]
    assert made_by["driver"]["closure"]["asleep_s"] == Config().driver.closure.asleep_s
    assert made_by["source"]["name"] == "sub/b.jsonl"
    assert made_by["models"] is None, "the trace does not say what saw it"


def test_processes_give_the_same_as_one(folder: Path, tmp_path: Path) -> None:
    replay_drives([folder], Config(), tmp_path / "one")
    outcomes = [said for _, said in replay_side_by_side(jobs(folder, tmp_path / "two"), 2) if isinstance(said, Outcome)]
    assert sorted(outcome.drive.name for outcome in outcomes) == ["a.jsonl", "sub/a.jsonl", "sub/b.jsonl"]
    for place in ("a", "sub/a", "sub/b"):
        first, second = (tmp_path / out / place / "events.jsonl" for out in ("one", "two"))
        assert first.read_bytes() == second.read_bytes() != b""


def test_a_process_that_is_killed_costs_its_own_drive_alone(folder: Path, tmp_path: Path) -> None:
    # a pipe that nobody writes: whoever opens it waits
    os.mkfifo(tmp_path / "stuck.jsonl")
    stuck = Drive(tmp_path / "stuck.jsonl", "stuck.jsonl", PurePath("stuck"))
    (whole, *_) = waiting = jobs(folder, tmp_path / "out")
    before = set(multiprocessing.active_children())
    outcomes: dict[str, Outcome] = {}
    for _, said in replay_side_by_side([*waiting, replace(whole, drive=stuck, folder=tmp_path / "out/stuck")], 2):
        if isinstance(said, Outcome):
            outcomes[said.drive.name] = said
        if len(outcomes) == len(waiting):
            for child in set(multiprocessing.active_children()) - before:
                child.kill()
    assert [name for name, outcome in outcomes.items() if outcome.problem] == ["stuck.jsonl"]
    assert "its process was killed" in str(outcomes["stuck.jsonl"].problem)


def test_ids_of_equal_names_differ(folder: Path, tmp_path: Path) -> None:
    video = tmp_path / "videos" / "x" / "front.mp4"
    video.parent.mkdir(parents=True)
    video.write_bytes(SAMPLE_DRIVE.read_bytes()[: SAMPLE_DRIVE.stat().st_size // 8])
    (tmp_path / "videos" / "y").mkdir()
    (tmp_path / "videos" / "y" / "front.mp4").write_bytes(video.read_bytes())
    replay_drives([tmp_path / "videos"], Config(), tmp_path / "out")
    traces = [tmp_path / "out" / name / "front" / "trace.jsonl" for name in "xy"]
    headers = [json.loads(trace.read_text().splitlines()[0]) for trace in traces]
    assert [header["drive"] for header in headers] == ["x/front.mp4", "y/front.mp4"]
    assert headers[0]["session"] != headers[1]["session"]
    assert set(headers[0]["made_by"]["models"]) == {"face", "landmarks", "eyes", "lids", "mouth", "emotion"}


def test_a_gap_between_the_parts_of_a_drive_is_not_judged(tmp_path: Path) -> None:
    part = SAMPLE_DRIVE.read_bytes()[: SAMPLE_DRIVE.stat().st_size // 8]
    (tmp_path / "trip").mkdir()
    for clock in ("080000", "080030"):
        (tmp_path / "trip" / f"20260501_{clock}.mp4").write_bytes(part)
    (summary,) = replay_drives([tmp_path / "trip"], Config(), tmp_path / "out", join=True)
    assert summary.drive == "trip"
    assert summary.duration_s > 30
    assert summary.unseen_share > 0.5
    assert any("2 parts in the order of the times in their names, 1 gap of" in note for note in summary.notes)
    assert any("% of the file was not judged" in remark for remark in summary.remarks)
    assert summary.frames + sum(summary.frames_left_out.values()) == summary.frames_decoded


def of_session(session: int) -> Iterator[int]:
    """Processes of a session that are not dead."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, its_session, *_ = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(its_session) == session and state != "Z":
            yield int(stat.parent.name)


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_batch_leaves_no_process_and_nothing_that_looks_done(
    tmp_path: Path, end: signal.Signals
) -> None:
    drives, out = tmp_path / "drives", tmp_path / "out"
    drives.mkdir()
    for name in ("a", "b"):
        (drives / f"{name}.mp4").symlink_to(SAMPLE_DRIVE)
    batch = subprocess.Popen(
        [sys.executable, "-m", "dms", "replay", str(drives), "--out", str(out), "--workers", "2"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while len(list(out.glob(f"*/{UNFINISHED}"))) < 2:
        assert batch.poll() is None
        time.sleep(0.05)
    batch.send_signal(end)
    _, told = batch.communicate(timeout=60)
    assert batch.returncode == (130 if end is signal.SIGINT else -end)
    assert end is not signal.SIGINT or "the same command goes on" in told
    while list(of_session(batch.pid)):
        time.sleep(0.05)
    for name in ("a", "b"):
        assert (out / name / UNFINISHED).exists()
        assert not (out / name / "summary.json").exists()
        with pytest.raises(UserError, match="interrupted or is still running"):
            score(out / name / "events.jsonl", SAMPLE_DRIVE.with_suffix(".events.csv"))
    assert all(finished(job.folder, {}) is None for job in jobs(drives, out))
