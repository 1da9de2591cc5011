"""The table of what was judged: the same columns as Parquet and as CSV, types that do not hang on the first rows."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dms.replay.tables
from dms.config import Config
from dms.observation import Emotions, HeadPose, Observation, View
from dms.records.trace import TraceHeader, TraceWriter
from dms.replay.replay import replay
from dms.replay.states import COLUMNS
from dms.replay.tables import Column, Kind, open_table, publish
from dms.replay.walk import TraceReader

NAMES = [column.name for column in COLUMNS]
CALM = Emotions(0.85, 0.04, 0.03, 0.02, 0.03, 0.01, 0.01, 0.01)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Nobody for 30 s, then a driver whose eyes fall shut at 50 s."""
    path = tmp_path / "trace.jsonl"
    with TraceWriter(path, TraceHeader("drive, with a comma", "session")) as writer:
        for index in range(15 * 60):
            t = round(index / 15, 6)
            if t < 30:
                writer.write(Observation(t, View.DARK if t < 5 else View.CLEAR, None if t < 5 else False))
                continue
            eye = 0.9 if t > 50 else 0.1
            pose, emotions = HeadPose(1.5, -2.0, 0.5), CALM if index % 3 == 0 else None
            writer.write(
                Observation(t, face=True, left_eye=eye, right_eye=eye, yawn=0.01, pose=pose, emotions=emotions)
            )
    return path


def rows_of_csv(folder: Path) -> list[dict[str, str]]:
    with (folder / "states.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dms.replay.tables, "find_spec", lambda _name: None)


@pytest.mark.usefixtures("without_pyarrow")
def test_a_row_for_each_frame_says_why(trace: Path, tmp_path: Path) -> None:
    replay(TraceReader(trace), Config(), tmp_path / "out")
    rows = rows_of_csv(tmp_path / "out")
    assert list(rows[0]) == NAMES
    assert len(rows) == 15 * 60
    assert {row["drive"] for row in rows} == {"drive, with a comma"}
    assert rows[0]["perclos"] == rows[0]["face"] == rows[0]["emotion_neutral"] == ""
    dark, absent, asleep = rows[4 * 15], rows[29 * 15], rows[58 * 15]
    assert (dark["view"], dark["condition"], dark["degraded"]) == ("dark", "degraded", "dark")
    assert (absent["face"], absent["degraded"]) == ("false", "face_missing")
    assert (asleep["face"], asleep["eyes"], asleep["fatigue"]) == ("true", "closed", "unresponsive")
    assert float(asleep["closed_s"]) == pytest.approx(58 - 50, abs=0.2)
    assert float(asleep["yaw"]) == 1.5
    assert float(asleep["emotion_neutral"]) > 0.8
    events = [json.loads(line) for line in (tmp_path / "out" / "events.jsonl").read_text().splitlines()]
    told = [(float(row["t"]), row["alert"], row["cause"]) for row in rows if row["alert"]]
    assert told == [
        (event["t"], f"{event['kind']}/{event['level']} {event['phase']}", event["evidence"]["cause"])
        for event in events
        if event["phase"] != "end"
    ]


def test_parquet_has_the_same_rows_and_says_what_made_them(
    trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra tables is not installed")
    replay(
        TraceReader(trace),
        Config(),
        tmp_path / "parquet",
        made_by={"version": "1", "source": {"name": "x", "bytes": 1}},
    )
    monkeypatch.setattr(dms.replay.tables, "find_spec", lambda _name: None)
    replay(TraceReader(trace), Config(), tmp_path / "csv")
    table = parquet.read_table(tmp_path / "parquet" / "states.parquet")
    assert {name: str(table.schema.field(name).type) for name in NAMES} == {
        column.name: {"float64": "double", "bool": "bool", "string": "string"}[column.kind] for column in COLUMNS
    }
    about = json.loads(table.schema.metadata[b"dms"])
    assert about == {
        "drive": "drive, with a comma",
        "made_by": {"version": "1", "source": {"name": "x", "bytes": 1}},
    }
    read: dict[Kind, Callable[[str], Any]] = {Kind.NUMBER: float, Kind.TRUTH: "true".__eq__, Kind.TEXT: str}
    plain = [
        {column.name: read[column.kind](row[column.name]) if row[column.name] else None for column in COLUMNS}
        for row in rows_of_csv(tmp_path / "csv")
    ]
    for row, told in zip(table.to_pylist(), plain, strict=True):
        # what lies half way between two decimals is rounded either way
        assert row == pytest.approx(told, abs=1.1e-6)


def test_a_table_without_a_known_value_keeps_its_types(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra tables is not installed")
    columns = [Column(kind.name.lower(), kind, "") for kind in Kind]
    table = open_table(tmp_path / "empty", columns, {})
    table.write([[None, None]] * len(columns))
    table.close()
    assert not (tmp_path / "empty.parquet").exists(), "it has its name once it is complete"
    publish(tmp_path / "empty")
    assert [str(field.type) for field in parquet.read_schema(tmp_path / "empty.parquet")] == [
        {"float64": "double"}.get(kind, kind.value) for kind in Kind
    ]


@pytest.mark.usefixtures("without_pyarrow")
def test_a_table_of_before_is_gone_once_another_begins(trace: Path, tmp_path: Path) -> None:
    (tmp_path / "states.parquet").write_bytes(b"of an earlier replay")
    replay(TraceReader(trace), Config(), tmp_path)
    assert {path.name for path in tmp_path.glob("states*")} == {"states.csv"}


def test_the_page_lists_every_column() -> None:
    page = (Path(__file__).parents[2] / "docs" / "replay.md").read_text()
    section = page.partition("## What was judged, frame by frame")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.+) \|$", section, re.MULTILINE)
    words = {Kind.NUMBER: "number", Kind.TEXT: "text", Kind.TRUTH: "truth"}
    wanted = [(one.name, words[one.kind], one.about) for one in COLUMNS if not one.name.startswith("emotion_")]
    assert rows == wanted
