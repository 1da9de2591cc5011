"""A trace gives back what was written."""

import json
import math
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms.driver.baseline import Baseline
from dms.driver.inputs import Acknowledgement, DriverChange, VehicleSpeed
from dms.driver.state import AlertKind
from dms.errors import UserError
from dms.observation import Box, Emotions, HeadPose, Observation, View, WideMouth
from dms.records.trace import TraceHeader, TraceWriter, is_trace, part_name, read_trace

LEARNED = Baseline(0.12, 1.0, 0.22, 1.0, 0.06, 0.5)
HEADER = TraceHeader("drive.mp4", "session-1")
share = st.floats(0, 1)
number = st.floats(-1e4, 1e4)
observations = st.builds(
    Observation,
    t=st.floats(0, 1e6),
    view=st.sampled_from(View),
    face=st.none() | st.booleans(),
    face_score=st.none() | share,
    box=st.none() | st.builds(Box, number, number, number, number),
    pose=st.none() | st.builds(HeadPose, number, number, number),
    left_eye=st.none() | share,
    right_eye=st.none() | share,
    looking_down=st.none() | share,
    upright=st.none() | st.booleans(),
    yawn=st.none() | share,
    emotions=st.none() | st.builds(Emotions, *[share] * 8),
    wide_mouth=st.none() | st.builds(WideMouth, *[share] * 3),
    frown=st.none() | share,
)
inputs = (
    st.builds(VehicleSpeed, t=st.floats(0, 1e6), kmh=st.none() | st.floats(0, 300))
    | st.builds(Acknowledgement, t=st.floats(0, 1e6), kind=st.none() | st.sampled_from(AlertKind))
    | st.builds(DriverChange, t=st.floats(0, 1e6))
)


@given(events=st.lists(observations | inputs, max_size=8))
def test_what_was_written_is_read_back_exactly(tmp_path_factory: pytest.TempPathFactory, events: list) -> None:  # type: ignore[type-arg]
    path = tmp_path_factory.mktemp("trace") / "trace.jsonl"
    with TraceWriter(path, HEADER) as writer:
        for event in events:
            writer.write(event)
    header, read = read_trace(path)
    assert header == HEADER
    assert list(read) == events


def test_a_trace_of_version_1_reads_the_same_and_every_line_of_a_new_one_has_every_column(tmp_path: Path) -> None:
    old, new = tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    header = '{"trace_version":1,"drive":"drive.mp4","session":"session-1"}'
    lines = [
        '{"t":1.0,"view":"clear","face":true,"left_eye":0.9,"right_eye":0.8,"yawn":0.1}',
        '{"t":1.1,"view":"dark"}',
        '{"t":1.2,"view":"clear","face":true,"box":[1.0,2.0,3.0,4.0],"pose":[1.0,2.0,3.0]}',
    ]
    old.write_text("\n".join([header, *lines]) + "\n")
    header_read, events = read_trace(old)
    seen = list(events)
    assert seen[0] == Observation(1.0, face=True, left_eye=0.9, right_eye=0.8, yawn=0.1)
    with TraceWriter(new, header_read) as writer:
        for event in seen:
            writer.write(event)
    assert list(read_trace(new)[1]) == seen
    _, *written = map(json.loads, new.read_text().splitlines())
    columns = [field.name for field in fields(Observation)]
    assert all(sorted(line) == sorted(columns) for line in written)


def test_a_line_cut_short_by_a_power_cut_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    with TraceWriter(path, HEADER) as writer:
        writer.write(Observation(1.0))
        writer.write(Observation(2.0))
    path.write_text(path.read_text()[:-5])
    assert [event.t for event in read_trace(path)[1]] == [1.0]


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        "[]",
        "no json",
        "\udcff",
        "[" * 100_000,
        '{"t": 1.0, "view": "sideways"}',
        '{"t": 1, "view": "clear", "box": [1, 2]}',
        '{"t": 1, "view": "clear", "box": [1, 2, 3, "wide"]}',
        '{"t": 1, "view": "clear", "pose": [1, 2, NaN]}',
        '{"t": 1, "view": "clear", "left_eye": "0.5"}',
        '{"t": 1, "view": "clear", "left_eye": true}',
        '{"t": 1, "view": "clear", "looking_down": "yes"}',
        '{"t": 1, "view": "clear", "yawn": 1e999}',
        '{"t": 1, "view": "clear", "face": 1}',
        '{"t": 1, "view": "clear", "upright": "no"}',
        '{"t": Infinity, "view": "clear"}',
        '{"t": "soon", "view": "clear"}',
        f'{{"t": 1{"0" * 400}, "view": "clear"}}',
        '{"input": "VehicleSpeed", "t": NaN, "kmh": 3}',
        '{"input": "VehicleSpeed", "t": 1, "kmh": -Infinity}',
    ],
    ids=lambda line: line[:50],
)
def test_a_broken_line_is_told_with_its_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "trace.jsonl"
    with TraceWriter(path, HEADER) as writer:
        writer.write(Observation(1.0))
    with path.open("a", errors="surrogateescape") as file:
        file.write(line + "\n")
    with pytest.raises(UserError, match=r"trace.jsonl:3: not a line"):
        list(read_trace(path)[1])


@pytest.mark.parametrize("text", ["", "{}\n", '{"trace_version": 99, "drive": "", "session": ""}\n', "\x00\n"])
def test_a_file_that_is_no_trace_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text(text)
    with pytest.raises(UserError, match=r"trace.jsonl:1: not a line"):
        read_trace(path)


def test_an_absent_trace_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_trace(tmp_path / "none.jsonl")


def test_numbers_are_written_with_all_their_digits(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    t = math.nextafter(0.1, 1)
    with TraceWriter(path, HEADER) as writer:
        writer.write(Observation(t))
    assert next(read_trace(path)[1]).t == t


def write_parts(folder: Path, times: dict[int, list[float]], session: str = "session-1") -> None:
    for number, part in times.items():
        with TraceWriter(folder / part_name(number), TraceHeader("camera", session, LEARNED)) as writer:
            for t in part:
                writer.write(Observation(t))


def test_a_folder_of_parts_reads_as_one_trace_whose_first_parts_may_be_gone(tmp_path: Path) -> None:
    write_parts(tmp_path, {9998: [1.0], 9999: [2.0, 3.0], 10000: [4.0]})
    assert is_trace(tmp_path)
    header, events = read_trace(tmp_path)
    assert header == TraceHeader("camera", "session-1", LEARNED)
    assert [event.t for event in events] == [1.0, 2.0, 3.0, 4.0]


def test_parts_that_do_not_follow_each_other_are_refused(tmp_path: Path) -> None:
    write_parts(tmp_path, {1: [1.0], 3: [3.0]})
    with pytest.raises(UserError, match=r"0003.jsonl: does not follow the part before it"):
        read_trace(tmp_path)
    write_parts(tmp_path, {2: [2.0]}, session="session-2")
    with pytest.raises(UserError, match=r"0002.jsonl: does not follow the part before it"):
        read_trace(tmp_path)


@pytest.mark.parametrize("baseline", ['"x"', "{}", "[]", '{"open_level":NaN}', "7"])
def test_a_header_with_a_broken_baseline_is_refused(tmp_path: Path, baseline: str) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text(f'{{"trace_version":1,"drive":"d","session":"s","baseline":{baseline}}}\n')
    with pytest.raises(UserError, match=r"trace.jsonl:1: not a line of a trace of version 1 to 2"):
        read_trace(path)


@pytest.mark.parametrize("left", ["", '{"trace_version":2,"dri'])
def test_a_last_part_that_a_power_cut_left_without_its_first_line_costs_none_of_the_others(
    tmp_path: Path, left: str
) -> None:
    write_parts(tmp_path, {1: [1.0], 2: [2.0]})
    (tmp_path / part_name(3)).write_text(left)
    header, events = read_trace(tmp_path)
    assert (header.session, [event.t for event in events]) == ("session-1", [1.0, 2.0])
    (tmp_path / part_name(1)).write_text(left)
    with pytest.raises(UserError, match=r"0001.jsonl:1: not a line of a trace"):
        read_trace(tmp_path)


def test_a_last_part_that_cannot_be_read_is_an_error_and_not_left_out(tmp_path: Path) -> None:
    write_parts(tmp_path, {1: [1.0]})
    (tmp_path / part_name(2)).mkdir()
    with pytest.raises(UserError, match=r"0002.jsonl: cannot be read"):
        read_trace(tmp_path)


def test_a_trace_that_has_just_been_begun_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "drive.jsonl"
    with TraceWriter(path, HEADER) as writer:
        writer.write(Observation(1.0))
        assert read_trace(path)[0] == HEADER
