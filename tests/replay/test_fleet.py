"""Data sets of many drives, made here and by a real Dask cluster of two workers, one of which is killed."""

import json
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dms.config import Config
from dms.errors import UserError, WorldError
from dms.observation import Emotions, Observation, View
from dms.records.trace import TraceHeader, TraceWriter
from dms.replay.aside import aside
from dms.replay.batch import replay_batch, write_tables
from dms.replay.dataset import EVENTS, check_tables
from dms.replay.drives import find_drives
from dms.replay.files import UNFINISHED
from dms.replay.fleet import Cluster
from dms.replay.minutes import COLUMNS, minutes
from dms.replay.replay import Job, attempt, jobs_for
from dms.replay.states import COLUMNS as STATES
from dms.replay.tables import Kind

pyarrow = pytest.importorskip("pyarrow", reason="the extra tables is not installed")
dataset = pytest.importorskip("pyarrow.dataset", reason="the extra tables is not installed")

BOTH = "fatigue/asleep start; fatigue/unresponsive update"
CALM = Emotions(0.85, 0.04, 0.03, 0.02, 0.03, 0.01, 0.01, 0.01)


def drive(path: Path, seconds: float, closed_from: float) -> Path:
    """Asleep for 4 s from ``closed_from`` on; the first drive of a folder may have no alert at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with TraceWriter(path, TraceHeader(path.stem, f"session of {path.stem}")) as trace:
        for index in range(int(seconds * 15)):
            t = round(index / 15, 6)
            eye = 0.97 if closed_from <= t < closed_from + 4 else 0.03
            trace.write(Observation(t, face=True, face_score=0.9, left_eye=eye, right_eye=eye, emotions=CALM))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(10):
        drive(tmp_path / "drives" / f"{number % 2}" / f"d{number}.jsonl", 150, 1e9 if number == 0 else 60 + number)
    return tmp_path / "drives"


def jobs(folder: Path, out: Path, *, whole: bool = False) -> list[Job]:
    return jobs_for(find_drives([folder], out).drives, Config(), out, again=False, whole=whole)


def rows(root: Path, name: str) -> list[dict[str, Any]]:
    table = dataset.dataset(root / name, partitioning="hive").to_table()
    return sorted(table.to_pylist(), key=lambda row: [str(value) for value in row.values()])


def test_all_alerts_and_all_minutes_are_in_the_data_sets(folder: Path, tmp_path: Path) -> None:
    made = jobs(folder, tmp_path / "out")
    write_tables(tmp_path / "tables", made, replay_batch(made, 1, lambda _: None))
    events, features = rows(tmp_path / "tables", "events"), rows(tmp_path / "tables", "minutes")
    assert list(events[0]) == [*[column.name for column in EVENTS], "part"]
    assert list(features[0]) == [*[column.name for column in COLUMNS], "part"]
    assert len(features) == 10 * 3
    assert sum(row["fatigue_alerts"] for row in features) == 9
    lines = [
        json.loads(line) for path in (tmp_path / "out").rglob("events.jsonl") for line in path.read_text().splitlines()
    ]
    assert len(events) == len(lines)
    assert {(row["event_id"], row["phase"], row["t"]) for row in events} == {
        (line["event_id"], line["phase"], line["t"]) for line in lines
    }
    assert {row["results"] for row in features} == {f"{number % 2}/d{number}" for number in range(10)}
    minute = next(row for row in features if row["results"] == "1/d1" and row["minute"] == 1)
    assert minute["closed_s"] == pytest.approx(4.0, abs=0.1)
    assert minute["time_s"] == minute["eyes_known_s"] == pytest.approx(60.0, abs=0.1)
    assert minute["longest_closed_s"] == pytest.approx(4.0, abs=0.1)
    assert minute["yaw_mean"] is None


def test_types_do_not_hang_on_the_rows_and_a_smaller_data_set_leaves_nothing_of_a_larger(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dms.replay.dataset.PART", 3)
    made = jobs(folder, tmp_path / "out")
    batch = replay_batch(made, 1, lambda _: None)
    write_tables(tmp_path / "tables", made, batch)
    first = {path.relative_to(tmp_path / "tables") for path in (tmp_path / "tables").rglob("*") if path.is_file()}
    assert len(first) == 2 * 4
    whole = dataset.dataset(tmp_path / "tables" / "events").schema
    for path in (tmp_path / "tables" / "events").rglob("*.parquet"):
        assert pyarrow.parquet.read_schema(path).equals(whole)
    # the one drive without an alert: every column is empty, and still has its type
    alone = jobs(folder / "0" / "d0.jsonl", tmp_path / "alone")
    write_tables(tmp_path / "tables", alone, replay_batch(alone, 1, lambda _: None))
    assert rows(tmp_path / "tables", "events") == []
    assert dataset.dataset(tmp_path / "tables" / "events").schema.equals(whole)
    assert len(rows(tmp_path / "tables", "minutes")) == 3


def rows_of(states: dict[str, Any]) -> list[dict[str, Any]]:
    names = [column.name for column in COLUMNS]
    return [dict(zip(names, row, strict=True)) for row in zip(*minutes("d", "p", states), strict=True)]


def minutes_of(times: list[float], alerts: list[str | None]) -> list[dict[str, Any]]:
    states: dict[str, Any] = {
        column.name: np.full(len(times), np.nan)
        if column.kind is Kind.NUMBER
        else np.array([None] * len(times), object)
        for column in STATES
    }
    return rows_of(states | {"t": np.array(times), "alert": np.array(alerts, object)})


def test_a_minute_weighs_time_and_not_rows() -> None:
    """A second at 10 pictures a second with closed eyes, then nine at one a second; then nobody for 20 s."""
    times = [*(index / 10 for index in range(10)), *(float(second) for second in range(1, 11)), 30.0]
    count = len(times)
    unknown = np.full(count, np.nan)
    states: dict[str, Any] = {column.name: unknown for column in STATES}
    states |= {"t": np.array(times), "view": np.array(["clear"] * (count - 1) + ["lost"], object)}
    states |= {"eyes": np.array(["closed"] * 10 + ["open"] * (count - 10), object)}
    states |= {"face": np.array([True] * (count - 1) + [None], object)}
    states |= {"looking": np.array([None] * 10 + ["ahead", "down", "aside"] + [None] * (count - 13), object)}
    states |= {"alert": np.array([*[None] * (count - 1), "distraction/eyes_off_road start"], object)}
    states |= {"condition": np.array(["attentive"] * count, object), "anger_score": np.array([1.0] * 10 + [0.0] * 11)}
    (told,) = rows_of(states)
    assert told["closed_s"] == pytest.approx(1.0)
    assert told["eyes_known_s"] == told["seen_s"] == pytest.approx(11.0)
    assert told["time_s"] == pytest.approx(30.0)
    assert told["anger_score_mean"] == pytest.approx(1 / 11)
    assert told["perclos_mean"] is None
    assert told["off_road_s"] == pytest.approx(2.0)
    assert (told["fatigue_alerts"], told["distraction_alerts"]) == (0, 1)


def test_alerts_of_one_moment_are_counted_each_for_itself() -> None:
    (row,) = minutes_of([0.0, 1.0, 2.0, 3.0], [None, "fatigue/microsleep start; anger/angry end", BOTH, None])
    assert (row["fatigue_alerts"], row["anger_alerts"]) == (2, 0)


@pytest.mark.parametrize("times", [[10.0, 9.95, 10.05], [0.0, 59.9, 60.2, 59.95]])
def test_a_clock_that_steps_back_a_little_costs_no_minute(times: list[float]) -> None:
    rows = minutes_of(times, [None] * len(times))
    assert [row["minute"] for row in rows] == list(range(int(max(times) - times[0]) // 60 + 1))


@pytest.mark.parametrize(("name", "other"), [("monday", "monday.1"), ("[ab]", "a")])
def test_drives_with_like_names_leave_each_other_alone(tmp_path: Path, name: str, other: str) -> None:
    with aside(tmp_path / other) as theirs:
        (theirs / "summary.json").write_text("{}")
        with aside(tmp_path / name) as ours:
            (ours / "summary.json").write_text("{}")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, other])


def test_a_drive_that_cannot_be_read_says_so_where_its_results_would_be(tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "empty.jsonl").write_text("")
    (job,) = jobs(tmp_path / "all" / "empty.jsonl", tmp_path / "out")
    assert attempt(job).problem is not None
    assert "empty.jsonl:1: not a line of a trace" in (job.folder / UNFINISHED).read_text()


def test_tables_that_cannot_be_written_are_told_before_anything_is_judged(tmp_path: Path) -> None:
    (tmp_path / "afile").write_text("")
    with pytest.raises(UserError, match="give --tables a folder"):
        check_tables(tmp_path / "afile")


def test_results_appear_whole(folder: Path, tmp_path: Path) -> None:
    (job, *_) = jobs(folder, tmp_path / "out", whole=True)
    (tmp_path / "out" / "0" / f".d0.{uuid.uuid4().hex}").mkdir(parents=True)  # left by a killed worker
    assert attempt(job).problem is None
    assert [path.name for path in job.folder.parent.iterdir()] == ["d0"]
    before = {path.name: path.read_bytes() for path in job.folder.iterdir()}
    assert UNFINISHED not in before
    job.drive.path.write_text(job.drive.path.read_text().replace('"t":100.0', '"t":"x"'))
    failed = attempt(job)
    assert "not a line of a trace" in str(failed.problem)
    assert (job.folder / UNFINISHED).exists(), "what stands there is of another file"
    assert [path.name for path in job.folder.parent.iterdir()] == ["d0"]


@contextmanager
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers, each a process of its own."""
    pytest.importorskip("distributed", reason="the extra fleet is not installed")
    file = tmp_path / "scheduler.json"
    log = (tmp_path / "cluster.log").open("wb")

    def start(program: str, *more: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{program}", "--scheduler-file", str(file), "--no-dashboard"]
        return subprocess.Popen([*command, *more], stdout=log, stderr=log, cwd=tmp_path)

    processes = [start("dask_scheduler", "--host", "127.0.0.1", "--port", "0")]
    try:
        while not file.exists() or not file.read_text().strip().endswith("}"):
            assert processes[0].poll() is None, (tmp_path / "cluster.log").read_text()
            time.sleep(0.1)
        workers = [start("dask_worker", "--nthreads", "1", "--no-nanny", "--host", "127.0.0.1") for _ in range(2)]
        processes += workers
        yield json.loads(file.read_text())["address"], workers
    finally:
        for process in processes:
            process.kill()
            process.wait()
        log.close()


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_half_way_gives_the_same_tables(folder: Path, tmp_path: Path) -> None:
    here = jobs(folder, tmp_path / "here")
    write_tables(tmp_path / "tables", here, replay_batch(here, 1, lambda _: None))
    with cluster(tmp_path) as (address, workers):
        batch = subprocess.Popen(
            [
                *(sys.executable, "-m", "dms", "replay", str(folder), "--scheduler", address),
                *("--out", str(tmp_path / "there"), "--tables", str(tmp_path / "fleet")),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert batch.stdout is not None
        told = [batch.stdout.readline() for _ in range(4)]
        workers[0].send_signal(signal.SIGKILL)
        rest, problems = batch.communicate(timeout=120)
        assert batch.returncode == 0, problems
    assert len(told) + len(rest.splitlines()) == 10 + 1
    for name in ("events", "minutes"):
        assert rows(tmp_path / "fleet", name) == rows(tmp_path / "tables", name)
    left = [path for path in (tmp_path / "there").rglob("*") if path.name.startswith(".") or path.name == UNFINISHED]
    assert left == []


def test_a_scheduler_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="the extra fleet is not installed")
    monkeypatch.setattr("dms.replay.fleet._TIMEOUT_S", 0.5)
    with pytest.raises(WorldError, match="no Dask scheduler answers there"):
        Cluster("tcp://127.0.0.1:1")


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UserError, match=r"dms\[fleet\]"):
        Cluster("tcp://127.0.0.1:8786")


def test_a_drive_of_which_nothing_was_seen_has_minutes(tmp_path: Path) -> None:
    path = tmp_path / "lost.jsonl"
    with TraceWriter(path, TraceHeader("lost", "s")) as trace:
        for t in range(70):
            trace.write(Observation(float(t), View.LOST))
    made = jobs(path, tmp_path / "out")
    write_tables(tmp_path / "tables", made, replay_batch(made, 1, lambda _: None))
    features = rows(tmp_path / "tables", "minutes")
    assert [row["seen_s"] for row in features] == [0.0, 0.0]
    assert [row["degraded_s"] for row in features] == pytest.approx([60.0 - 1.0, 9.0], abs=2.0)


def test_the_page_lists_every_column() -> None:
    page = (Path(__file__).parents[2] / "docs" / "archive.md").read_text()
    for name, columns in (("events", EVENTS), ("minutes", COLUMNS)):
        section = page.partition(f"## Columns of `{name}`")[2].partition("\n## ")[0]
        words = {Kind.NUMBER: "number", Kind.TEXT: "text", Kind.TRUTH: "truth", Kind.COUNT: "count"}
        for column in columns:
            assert f"| `{column.name}` | {words[column.kind]} | {column.about} |" in section
