"""What changed between two runs over the same drives."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dms.cli.app import app
from dms.errors import UserError

LABELS = "drive,start_s,end_s,event\na.mp4,10,14,eyes_closed\na.mp4,30,34,eyes_closed\nsub/b,50,54,eyes_closed\n"


def results(out: Path, name: str, *alerts: tuple[float, str]) -> Path:
    folder = out / name
    folder.mkdir(parents=True)
    lines = [
        {
            "t": t,
            "kind": "fatigue",
            "phase": "start",
            "level": level,
            "event_id": str(t),
            "evidence": {"cause": "closure"},
        }
        for t, level in alerts
    ]
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "summary.json").write_text(json.dumps({"drive": f"{Path(name).name}.mp4", "duration_s": 100.0}))
    return folder / "events.jsonl"


def told(*arguments: object) -> dict[str, Any]:
    run = CliRunner().invoke(app, ["score", *map(str, arguments), "--json"], catch_exceptions=False)
    assert run.exit_code == 0
    return dict(json.loads(run.stdout))


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    (tmp_path / "labels.csv").write_text(LABELS)
    results(tmp_path / "old", "a", (11.0, "microsleep"), (31.0, "microsleep"), (70.0, "drowsy"), (90.0, "microsleep"))
    results(tmp_path / "old", "sub/b")
    results(tmp_path / "new", "a", (11.4, "microsleep"), (70.8, "drowsy"), (95.0, "microsleep"))
    results(tmp_path / "new", "sub/b", (51.0, "microsleep"))
    return tmp_path


def test_every_event_that_came_out_otherwise_is_told(runs: Path) -> None:
    found = told(runs / "new", "--labels", runs / "labels.csv", "--against", runs / "old")
    assert [(one["change"], one["drive"], one["start_s"]) for one in found["differences"]] == [
        ("found now", "sub/b", 50.0),
        ("missed now", "a", 30.0),
        ("false now", "a", 95.0),
        ("no longer false", "a", 90.0),
        ("later", "a", 10.0),
    ]
    assert (found["old"]["hits"], found["new"]["hits"], found["new"]["demanded"]) == (2, 2, 3)
    assert found["chance"] == 1.0


def test_a_false_alarm_that_moved_a_little_is_the_same_one(runs: Path) -> None:
    found = told(runs / "new", "--labels", runs / "labels.csv", "--against", runs / "old")
    assert 70.8 not in [one["start_s"] for one in found["differences"]]


def test_a_run_against_itself_changes_nothing(runs: Path) -> None:
    run = CliRunner().invoke(
        app, ["score", str(runs / "old"), "--labels", str(runs / "labels.csv"), "--against", str(runs / "old")]
    )
    assert run.stdout.endswith("nothing changed\n")


def test_single_drives_are_compared_whatever_their_folders_are_called(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("start_s,end_s,event\n10,14,eyes_closed\n")
    before, after = results(tmp_path, "before", (12.0, "microsleep")), results(tmp_path, "after", (11.0, "microsleep"))
    run = CliRunner().invoke(
        app, ["score", str(after), "--labels", str(tmp_path / "labels.csv"), "--against", str(before)]
    )
    assert "sooner" in run.stdout
    assert "eyes_closed: microsleep after 2.00 s -> microsleep after 1.00 s" in run.stdout


def test_a_drive_that_only_one_run_has_is_told_and_not_compared(runs: Path) -> None:
    results(runs / "new", "c")
    (runs / "labels.csv").write_text(LABELS + "c\n")
    found = told(runs / "new", "--labels", runs / "labels.csv", "--against", runs / "old")
    assert (found["only_new"], found["only_old"]) == (["c"], [])
    assert "c" not in {one["drive"] for one in found["differences"]}


def test_runs_over_other_drives_are_refused(runs: Path) -> None:
    results(runs / "other", "c")
    (runs / "labels.csv").write_text(LABELS + "c\n")
    with pytest.raises(UserError, match="no drive in common"):
        told(runs / "new", "--labels", runs / "labels.csv", "--against", runs / "other")
