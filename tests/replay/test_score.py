"""Alerts against labels."""

import json
from math import isfinite
from pathlib import Path
from typing import Any

import pytest

from dms.demo import SAMPLE_DRIVE
from dms.errors import UserError
from dms.replay.demands import DEMANDS, NEUTRAL
from dms.replay.label_files import read_labels
from dms.replay.labelled import score_drives
from dms.replay.score import score, together

ROOT = Path(__file__).resolve().parents[2]
LABELLED = [SAMPLE_DRIVE.with_suffix(".events.csv"), *(ROOT.parent / "shared" / "data" / "drives").glob("*.events.csv")]


def event(t: float, phase: str = "start", level: str = "microsleep", name: str = "a", **more: Any) -> dict[str, Any]:
    kind = "anger" if level in {"irritated", "angry"} else "fatigue"
    cause = more.pop("cause", "closure")
    return {
        "t": t,
        "kind": kind,
        "phase": phase,
        "level": level,
        "event_id": name,
        "evidence": {"cause": cause},
        **more,
    }


@pytest.fixture
def labels(tmp_path: Path) -> Any:
    def write(*rows: str) -> Path:
        path = tmp_path / "drive.csv"
        path.write_text("\n".join(["start_s,end_s,event", *rows]) + "\n")
        return path

    return write


def test_counts_hits_misses_and_delays(labels: Any) -> None:
    told = labels("10,14,eyes_closed", "20,21.5,eyes_closed", "30,30.2,blink", "40,40.6,eyes_closed")
    result = score([event(11.0), event(13.0, "update", "asleep"), event(25.0, "end", "asleep")], told, 3600.0)
    assert (result.hits, result.misses, len(result.false_alarms)) == (1, 1, 0)
    assert result.delays_s == (1.0,)
    assert result.false_alarms_per_hour == 0.0


@pytest.mark.parametrize("label", ["blink", "face_away", "face_missing", "look_down", "talking", "yawn", "anything"])
def test_an_alert_during_anything_else_is_false(labels: Any, label: str) -> None:
    result = score([event(11.0)], labels(f"10,14,{label}"), 1800.0)
    assert [(alarm.raised.t, alarm.during) for alarm in result.false_alarms] == [(11.0, label)]
    assert result.false_alarms_per_hour == 2.0


def test_an_alert_without_any_label_is_false(labels: Any) -> None:
    result = score([event(11.0)], labels("20,24,eyes_closed"), 60.0)
    assert (result.misses, len(result.false_alarms)) == (1, 1)


def test_a_short_closure_permits_an_alert_and_does_not_demand_it(labels: Any) -> None:
    told = labels("10,10.9,eyes_closed")
    assert score([event(10.9)], told).false_alarms == ()
    assert score([event(10.9)], told).outcomes == ()


def test_lids_of_which_nobody_can_tell_permit_an_alert_and_never_demand_one(labels: Any) -> None:
    told = labels("10,40,lids_down_uncertain")
    assert score([event(11.0)], told).false_alarms == ()
    assert score([], told).outcomes == ()


@pytest.mark.parametrize(("seconds", "demanded"), [(4.9, 0), (5.0, 1)])
def test_anger_demands_an_alert_from_five_seconds_on(labels: Any, seconds: float, demanded: int) -> None:
    assert len(score([], labels(f"10,{10 + seconds},angry")).outcomes) == demanded


def test_an_update_for_another_closure_is_a_hit_and_a_repeat_is_nothing(labels: Any) -> None:
    told = labels("10,14,eyes_closed", "20,22,eyes_closed")
    steps = [
        event(11.0),
        event(16.0, "update", cause="repeat"),
        event(17.0, "update", cause="acknowledged"),
        event(21.0, "update"),
    ]
    result = score(steps, told)
    assert (result.hits, result.misses, len(result.false_alarms)) == (2, 0, 0)


def test_eyes_that_do_not_come_back_are_a_consequence_and_not_false(labels: Any) -> None:
    steps = [event(11.0), event(13.0, "update", "asleep"), event(16.0, "update", "unresponsive", cause="no_return")]
    assert score(steps, labels("10,13.5,eyes_closed", "13.5,30,face_missing")).false_alarms == ()


def test_drowsy_has_its_reason_in_the_closures_of_the_minute_before(labels: Any) -> None:
    told = labels(*[f"{t},{t + 0.8},eyes_closed" for t in range(100, 160, 6)])
    assert score([event(155.0, level="drowsy")], told).false_alarms == ()
    assert len(score([event(250.0, level="drowsy")], told).false_alarms) == 1


def test_closures_that_are_labelled_twice_count_once_in_that_minute(labels: Any) -> None:
    # 2.5 s of 50 are 5 %
    for rows in (["10,12.5,eyes_closed"] * 2, ["10,12.5,eyes_closed", "10.2,12,eyes_closed", "11,12.4,eyes_closed"]):
        assert len(score([event(50.0, level="drowsy")], labels(*rows)).false_alarms) == 1


def test_anger_is_scored_by_its_own_labels(labels: Any) -> None:
    told = labels("10,30,angry", "50,52,angry", "60,70,eyes_closed")
    result = score([event(15.0, level="irritated"), event(65.0, level="angry", name="b")], told)
    assert [(o.label.start_s, o.delay_s) for o in result.outcomes] == [(10.0, 5.0), (60.0, None)]
    assert [alarm.raised.t for alarm in result.false_alarms] == [65.0]


def test_reads_files_and_the_length_of_the_drive_from_its_summary(labels: Any, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in [event(11.0), {"t": 12.0, "condition": "attentive"}]))
    assert score(path, labels("10,14,eyes_closed")).duration_s == 14.0
    (tmp_path / "summary.json").write_text('{"duration_s": 120.5}')
    result = score(path, labels("10,14,eyes_closed"))
    assert (result.duration_s, result.hits) == (120.5, 1)
    assert json.loads(json.dumps(result.to_json()))["delay_s"] == {"min": 1.0, "median": 1.0, "max": 1.0}
    assert "1 of 1 found, 0 missed, 0 false alarms (0.0 an hour in 120.5 s)" in result.text()


def test_drives_add_up(labels: Any) -> None:
    told = labels("10,14,eyes_closed")
    whole = together([score([event(11.0)], told, 1800.0), score([event(2.0)], told, 1800.0)])
    assert (whole.hits, whole.misses, whole.false_alarms_per_hour) == (1, 1, 1.0)
    assert together([]).false_alarms_per_hour is None


def test_drives_are_scored_each_with_its_own_labels(tmp_path: Path) -> None:
    for name, at in (("a", 10), ("b", 30)):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(event(at + 1.0)) + "\n")
        (tmp_path / f"{name}.csv").write_text(f"start_s,end_s,event\n{at},{at + 4},eyes_closed\n")
    events, told = ([tmp_path / f"{name}.{kind}" for name in "ab"] for kind in ("jsonl", "csv"))
    assert [(one.hits, len(one.false_alarms)) for one in score_drives(events, told)] == [(1, 0), (1, 0)]
    with pytest.raises(UserError, match=r"2 drives, and .*a\.csv does not say which .*: give a --labels for each"):
        score_drives(events, told[:1])


def test_a_misspelt_label_is_told_once_with_its_place_and_what_may_be_meant(labels: Any) -> None:
    told = labels("9,9.2,blink", "1,2,eyes_close", "3,4,eyes_close", "5,6,Yawn", "7,8,phone")
    tail = "it demands and permits no alert"
    assert score([], told).warnings == (
        f"{told}:3: 'eyes_close' is no known event (did you mean 'eyes_closed'?): {tail}",
        f"{told}:5: 'Yawn' is no known event (did you mean 'yawn'?): {tail}",
        f"{told}:6: 'phone' is no known event: {tail}",
    )


@pytest.mark.parametrize("path", LABELLED, ids=lambda path: path.stem)
def test_nothing_in_the_labels_of_a_real_drive_is_called_unknown(path: Path) -> None:
    assert score([], path).warnings == ()


def test_the_page_names_every_event_and_how_long_it_must_last() -> None:
    page = (ROOT / "docs" / "replay.md").read_text(encoding="utf-8")
    for name, demand in DEMANDS.items():
        demanded = f"{demand.at_least_s:g} s" if isfinite(demand.at_least_s) else "never: it permits one"
        assert f"| `{name}` | {demand.kind} | {demanded} |" in page
    assert sorted(name for name in NEUTRAL if f"`{name}`" not in page) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("start,end,event\n1,2,blink\n", ":1: no column start_s, end_s"),
        ("", ":1: no column"),
        ("start_s,end_s,event\n1,2,blink\nx,2,blink\n", ":3: start_s and end_s must be seconds, not 'x' and '2'"),
        ("start_s,end_s,event\n1\n", ":2: start_s and end_s must be seconds"),
        ("start_s,end_s,event\n5,2,blink\n", ":2: an event must end after it starts"),
        ("start_s,end_s,event\nnan,2,blink\n", ":2: an event must end after it starts"),
        ("start_s,end_s,event\n1,2,\n", ":2: the event has no name"),
    ],
)
def test_bad_labels_are_told_with_their_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(text)
    with pytest.raises(UserError) as error:
        read_labels(path)
    assert f"{path}{message}" in str(error.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", ":1: not JSON"),
        ('{"trace_version": 1, "drive": "a", "session": "b"}', ":1: a trace, not events: score the events.jsonl"),
        ("[1]", ":1: not a message"),
        ('{"phase": "start"}', ":1: the message has no t, kind, level, event_id"),
        ('{"t": 1, "kind": "fatigue", "phase": "start", "event_id": "a"}', ":1: the message has no level"),
        ('{"t": 1, "kind": "fatigue", "level": "asleep", "event_id": "a"}', ":1: the message has no phase"),
        (json.dumps(event(0.0) | {"t": "soon"}), ":1: t must be seconds"),
        (json.dumps(event(0.0) | {"evidence": 3}), ":1: the evidence must be a table"),
    ],
)
def test_bad_events_are_told_with_their_line(tmp_path: Path, labels: Any, line: str, message: str) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(UserError) as error:
        score(path, labels("10,14,eyes_closed"))
    assert f"{path}{message}" in str(error.value)


def test_missing_files_are_told(tmp_path: Path, labels: Any) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        score(tmp_path / "none.jsonl", labels("1,2,blink"))
    with pytest.raises(UserError, match="cannot be read"):
        score([], tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="not a file of labels"):
        score([], tmp_path / "binary.csv")
