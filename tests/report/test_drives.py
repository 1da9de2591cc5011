"""What a report reads of replayed drives: spans, marks and curves, the worst drive first."""

import json
from pathlib import Path

import numpy as np
import pytest

from dms.config.driver import DriverSettings
from dms.driver.state import AngerLevel, Condition, DistractionLevel, FatigueLevel
from dms.errors import UserError
from dms.report.alerts import alert_spans
from dms.report.drives import read_drives
from dms.report.look import TONES
from dms.report.timeline import Lane, Timeline, Wrong
from tests.report.made import make_drive, write_labels

LIMITS = DriverSettings()


def texts(run: Timeline, lane: Lane) -> list[str]:
    return [span.text for span in run.spans if span.lane is lane]


def test_a_closure_shows_in_every_lane(tmp_path: Path) -> None:
    make_drive(tmp_path / "a", 40, [(10, 14)])
    labels = write_labels(tmp_path / "a.csv", (10, 14, "eyes_closed"), (20, 21, "yawn"))
    (drive,) = read_drives([tmp_path / "a"], [labels], [], LIMITS).drives
    run = drive.now
    assert texts(run, Lane.LABELS) == ["eyes closed", "yawn"]
    assert texts(run, Lane.ALERTS) == ["microsleep", "asleep"]
    assert "fatigued" in texts(run, Lane.CONDITION)
    (closed,) = [span for span in run.spans if span.lane is Lane.EYES]
    assert closed.text == "closed"
    assert (closed.start_s, closed.end_s) == pytest.approx((10, 14))
    (mark,) = run.marks
    assert mark.kind is Wrong.FOUND
    assert run.notes == ()


def test_blinks_are_no_span_but_stay_in_the_curves(tmp_path: Path) -> None:
    make_drive(tmp_path / "a", 20, [(10, 10.2)])
    (drive,) = read_drives([tmp_path / "a"], [], [], LIMITS).drives
    assert texts(drive.now, Lane.EYES) == []
    assert drive.now.fast.values["left_eye"].max() == pytest.approx(0.97)


def test_where_there_was_no_picture_nothing_is_drawn_and_it_is_said(tmp_path: Path) -> None:
    make_drive(tmp_path / "a", 30, lost_s=(10, 20))
    (drive,) = read_drives([tmp_path / "a"], [], [], LIMITS).drives
    assert texts(drive.now, Lane.EYES) == ["no picture"]
    assert "camera lost" in texts(drive.now, Lane.CONDITION)
    inside = (drive.now.fast.t > 10.05) & (drive.now.fast.t < 19.95)
    assert np.isnan(drive.now.fast.values["left_eye"][inside]).all()


def test_what_went_wrong_comes_first(tmp_path: Path) -> None:
    for name, closed in (("fine", []), ("false", [(10.0, 14.0)]), ("missed", [])):
        make_drive(tmp_path / "out" / name, 40, closed)
    (tmp_path / "labels").mkdir()
    write_labels(tmp_path / "labels" / "fine.events.csv")
    write_labels(tmp_path / "labels" / "false.events.csv")
    write_labels(tmp_path / "labels" / "missed.events.csv", (20, 24, "eyes_closed"))
    drives = read_drives([tmp_path / "out"], [tmp_path / "labels"], [], LIMITS).drives
    assert [drive.name for drive in drives] == ["missed", "false", "fine"]
    assert [mark.kind for drive in drives for mark in drive.now.marks] == [Wrong.MISSED, Wrong.FALSE, Wrong.FALSE]


def test_alerts_of_other_limits_than_those_given_are_told(tmp_path: Path) -> None:
    make_drive(tmp_path / "a", 40, [(10, 14)])
    other = LIMITS.model_copy(update={"closure": LIMITS.closure.model_copy(update={"microsleep_s": 2.0})})
    summary = json.loads((tmp_path / "a" / "summary.json").read_text())
    summary.pop("made_by", None)
    (tmp_path / "a" / "summary.json").write_text(json.dumps(summary))
    (drive,) = read_drives([tmp_path / "a"], [], [], other).drives
    assert "give the --config that it was judged by" in " ".join(drive.now.notes)
    assert texts(drive.now, Lane.ALERTS) == ["microsleep", "asleep"], "the replay's own"


def test_without_a_trace_alerts_and_labels_are_drawn_alone(tmp_path: Path) -> None:
    make_drive(tmp_path / "a", 40, [(10, 14)])
    summary = json.loads((tmp_path / "a" / "summary.json").read_text())
    summary.pop("made_by", None)
    (tmp_path / "a" / "summary.json").write_text(json.dumps(summary))
    (tmp_path / "a" / "trace.jsonl").unlink()
    (drive,) = read_drives([tmp_path / "a"], [], [], LIMITS).drives
    assert texts(drive.now, Lane.ALERTS) == ["microsleep", "asleep"]
    assert "no trace" in " ".join(drive.now.notes)


def test_a_replay_that_was_interrupted_is_left_out_and_told(tmp_path: Path) -> None:
    make_drive(tmp_path / "out" / "whole", 10)
    make_drive(tmp_path / "out" / "half", 10)
    (tmp_path / "out" / "half" / "unfinished").touch()
    reported = read_drives([tmp_path / "out"], [], [], LIMITS)
    assert [drive.name for drive in reported.drives] == ["whole"]
    assert reported.warnings == ("not replayed to the end, and so left out: half",)
    with pytest.raises(UserError, match="nothing to report on"):
        read_drives([tmp_path / "out" / "half"], [], [], LIMITS)


def test_two_runs_of_one_drive_are_paired_whatever_their_folders_are_called(tmp_path: Path) -> None:
    make_drive(tmp_path / "new", 40, [(10, 14)])
    make_drive(tmp_path / "before", 40)
    labels = write_labels(tmp_path / "labels.csv", (10, 14, "eyes_closed"))
    (drive,) = read_drives([tmp_path / "new"], [labels], [tmp_path / "before"], LIMITS).drives
    assert drive.score is not None
    assert drive.old_score is not None
    assert (drive.score.hits, drive.old_score.hits) == (1, 0)
    assert drive.old is not None
    assert texts(drive.old, Lane.ALERTS) == []


def test_runs_over_other_drives_are_refused(tmp_path: Path) -> None:
    for name in ("new/a", "new/b", "old/c", "old/d"):
        make_drive(tmp_path / name, 5)
    with pytest.raises(UserError, match="no drive in common"):
        read_drives([tmp_path / "new"], [], [tmp_path / "old"], LIMITS)


def test_an_alert_without_an_end_lasts_to_the_end_of_the_drive() -> None:
    started = {"event_id": "1", "t": 5.0, "kind": "fatigue", "phase": "start", "level": "microsleep", "evidence": None}
    worse = {
        **started,
        "t": 7.0,
        "phase": "update",
        "level": "asleep",
        "evidence": {"cause": "closure", "perclos": 0.2},
    }
    spans = [(span.start_s, span.end_s, span.text) for span in alert_spans([started, worse], 20.0)]
    assert spans == [(5.0, 7.0, "microsleep"), (7.0, 20.0, "asleep")]
    assert [span.detail for span in alert_spans([started, worse], 20.0)] == ["", "by closure, PERCLOS 20%"]


def test_what_changed_since_the_old_run_is_marked(tmp_path: Path) -> None:
    make_drive(tmp_path / "new", 120, [(10, 14), (60, 64)])
    make_drive(tmp_path / "old", 120, [(60, 64), (90, 94)])
    labels = write_labels(tmp_path / "labels.csv", (10, 14, "eyes_closed"), (60, 64, "eyes_closed"))
    (drive,) = read_drives([tmp_path / "new"], [labels], [tmp_path / "old"], LIMITS).drives
    marks = [(mark.kind, mark.changed, round(mark.t)) for mark in drive.now.marks]
    assert marks == [
        (Wrong.FOUND, "found now", 10),
        (Wrong.GONE, None, 91),
        (Wrong.GONE, None, 93),
        (Wrong.FOUND, None, 60),
    ]
    (drive,) = read_drives([tmp_path / "old"], [labels], [tmp_path / "new"], LIMITS).drives
    assert [(mark.kind, mark.changed) for mark in drive.now.marks][:3] == [
        (Wrong.MISSED, "missed now"),
        (Wrong.FALSE, "false now"),
        (Wrong.FALSE, "false now"),
    ]


@pytest.mark.parametrize("tone", [*FatigueLevel, *AngerLevel, *DistractionLevel, *Condition])
def test_every_level_and_condition_has_a_colour(tone: str) -> None:
    assert tone in TONES


def test_without_labels_neither_run_of_a_drive_is_judged(tmp_path: Path) -> None:
    for run in ("new", "old"):
        make_drive(tmp_path / run / "a", 40, [(10, 14)])
        make_drive(tmp_path / run / "b", 20, [(5, 9)])
    (tmp_path / "labels").mkdir()
    write_labels(tmp_path / "labels" / "a.events.csv", (10, 14, "eyes_closed"))
    found = read_drives([tmp_path / "new"], [tmp_path / "labels"], [tmp_path / "old"], LIMITS).drives
    scores = {drive.name: (drive.score, drive.old_score) for drive in found}
    assert scores["b"] == (None, None)
    assert None not in scores["a"]
    assert {mark.kind for drive in found if drive.name == "b" for mark in drive.now.marks} == {Wrong.ALERT}
