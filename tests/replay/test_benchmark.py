"""Several replayed drives against a folder of labels."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dms.cli.app import app
from dms.config.driver import DriverSettings
from dms.driver.state import AlertKind, Eyes
from dms.errors import UserError
from dms.observation import HeadPose, Observation
from dms.records.trace import TraceHeader, TraceWriter
from dms.replay.benchmark import benchmark, truth_at
from dms.replay.labelled import labelled_drives
from dms.replay.labels import Label


def replayed(out: Path, name: str, closed: tuple[float, float], *alerts: float) -> None:
    """What a replay leaves of 20 s in which the eyes are closed for a while."""
    folder = out / name
    folder.mkdir(parents=True)
    with TraceWriter(folder / "trace.jsonl", TraceHeader(f"{name}.mp4", "s")) as trace:
        for i in range(200):
            eye = 0.95 if closed[0] <= i / 10 < closed[1] else 0.03
            trace.write(Observation(i / 10, face=True, pose=HeadPose(0.0, 0.0, 0.0), left_eye=eye, right_eye=eye))
    common = {"kind": "fatigue", "phase": "start", "level": "microsleep", "evidence": {"cause": "closure"}}
    lines = [json.dumps({"t": t, "event_id": f"{name}{t}", **common}) for t in alerts]
    (folder / "events.jsonl").write_text("".join(line + "\n" for line in lines))
    (folder / "summary.json").write_text('{"duration_s": 20.0}')


def test_all_drives_make_one_table(tmp_path: Path) -> None:
    out, labels = tmp_path / "out", tmp_path / "labels"
    replayed(out, "sleeps", (5.0, 8.0), 6.0)
    replayed(out, "awake", (5.0, 5.2), 15.0)
    replayed(out, "other", (5.0, 5.2))
    labels.mkdir()
    (labels / "sleeps.events.csv").write_text("start_s,end_s,event\n5,8,eyes_closed\n")
    (labels / "awake.events.csv").write_text("start_s,end_s,event\n")
    (labels / "absent.events.csv").write_text("start_s,end_s,event\n")
    found = benchmark(labelled_drives([out], [labels]), DriverSettings())
    assert ([drive.name for drive in found.drives], found.found.unlabelled, found.found.missing) == (
        ["awake", "sleeps"],
        ("other",),
        ("absent",),
    )
    fatigue = found.to_json()[AlertKind.FATIGUE]
    assert (fatigue["demanded"], fatigue["found"], fatigue["delays_s"], fatigue["false_alarms"]) == (1, 1, (1.0,), 1)
    assert fatigue["an_hour"][0] == pytest.approx(90.0)
    assert found.frames.share("closed", Eyes.CLOSED) == 1.0
    assert found.frames.share("look_down", Eyes.OPEN) is None
    assert "false   awake: microsleep at 15.00 s" in found.text()
    assert "absent" in found.warnings[-1]


def test_a_frame_near_the_edge_of_a_label_has_no_truth() -> None:
    labels = [Label(5.0, 8.0, "eyes_closed"), Label(12.0, 12.3, "blink"), Label(15.0, 16.0, "look_down")]
    truths = {t: truth_at(t, labels) for t in (4.0, 4.9, 5.1, 6.0, 7.9, 12.1, 15.5)}
    assert truths == {
        4.0: "open", 4.9: None, 5.1: None, 6.0: "closed", 7.9: None, 12.1: None, 15.5: "look_down",
    }  # fmt: skip


def test_what_cannot_be_scored_is_told(tmp_path: Path) -> None:
    replayed(tmp_path / "out", "a", (1.0, 2.0))
    with pytest.raises(UserError, match=r"no \*\.events\.csv, .*in it"):
        labelled_drives([tmp_path / "out"], [tmp_path])
    (tmp_path / "b.events.csv").write_text("start_s,end_s,event\n")
    with pytest.raises(UserError, match="none of its drives"):
        labelled_drives([tmp_path / "out"], [tmp_path])
    (tmp_path / "none").mkdir()
    with pytest.raises(UserError, match="no results of a replay"):
        labelled_drives([tmp_path / "none"], [tmp_path])


def test_the_command_makes_the_table_and_refuses_a_configuration_that_it_would_not_use(tmp_path: Path) -> None:
    replayed(tmp_path / "out", "a", (5.0, 8.0), 6.0)
    (tmp_path / "a.events.csv").write_text("start_s,end_s,event\n5,8,eyes_closed\n")
    run = CliRunner().invoke(app, ["score", str(tmp_path / "out"), "--labels", str(tmp_path)])
    assert (run.exit_code, "1 of 1" in run.output) == (0, True)
    one = [str(tmp_path / "out" / "a" / "events.jsonl"), "--labels", str(tmp_path / "a.events.csv")]
    refused = CliRunner().invoke(app, ["score", *one, "--config", "c.toml"])
    assert isinstance(refused.exception, UserError)
