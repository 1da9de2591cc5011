"""Replay: what it writes, that a trace gives the same again, and that it says what is wrong."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from dms.config import Config
from dms.demo import SAMPLE_DRIVE
from dms.errors import UserError
from dms.frames import Frame
from dms.frames.report import RecordingReport
from dms.observation import Box, HeadPose, Observation, View
from dms.records.trace import TraceHeader, TraceWriter
from dms.replay.drives import find_drives
from dms.replay.replay import replay, replay_drives
from dms.replay.score import score
from dms.replay.walk import Moment, TraceReader

CLOSED_S = (20.0, 23.5)
LENGTH_S = 60.0


class MadeDrive:
    """Eyes open but for one closure, at 15 fps, without pictures to look at: perception is not what is tested here."""

    has_pictures = True
    report: RecordingReport | None = None
    duration_s: float | None = LENGTH_S
    landmarks: npt.NDArray[np.float32] | None = np.full((68, 2), 30, np.float32)

    def __init__(self) -> None:
        self.header = TraceHeader("made", "session")

    def moments(self) -> Iterator[Moment]:
        for index in range(int(LENGTH_S * 15)):
            yield Frame(round(index / 15, 6), np.zeros((60, 80), np.uint8))

    def observe(self, frame: Frame) -> Observation:
        eye = 0.97 if CLOSED_S[0] <= frame.t < CLOSED_S[1] else 0.03
        return Observation(
            frame.t,
            face=True,
            face_score=0.9,
            box=Box(10, 10, 20, 30),
            pose=HeadPose(1, 2, 3),
            left_eye=eye,
            right_eye=eye,
        )

    def stage_ms(self) -> dict[str, float]:
        return {}


def test_it_writes_events_trace_and_summary(tmp_path: Path) -> None:
    summary = replay(MadeDrive(), Config(), tmp_path)
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert events[0]["topic"] == "dms/vehicle-1/alert/fatigue"
    assert events[0]["phase"] == "start"
    assert events[0]["t"] == pytest.approx(CLOSED_S[0] + 1.0, abs=0.2)
    assert events[-1]["phase"] == "end"
    assert events[0]["at"].startswith("1970-01-01T00:00:2")
    assert len((tmp_path / "trace.jsonl").read_text().splitlines()) == LENGTH_S * 15 + 1
    written = json.loads((tmp_path / "summary.json").read_text())
    assert written == summary.to_json()
    assert written["alerts"] == {"fatigue/asleep": 1}
    assert written["face_share"] == written["eyes_share"] == 1.0


def test_a_replayed_trace_gives_the_same_events_byte_for_byte(tmp_path: Path) -> None:
    replay(MadeDrive(), Config(), tmp_path / "first")
    replay(TraceReader(tmp_path / "first" / "trace.jsonl"), Config(), tmp_path / "second")
    first, second = ((tmp_path / name / "events.jsonl").read_bytes() for name in ("first", "second"))
    assert first == second
    assert first


def test_frames_that_could_not_be_analysed_count_as_not_judged(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "drive.jsonl", TraceHeader("drive", "session")) as trace:
        for i in range(200):
            trace.write(Observation(i / 10, View.FAILED if 50 <= i < 100 else View.CLEAR, left_eye=0.03))
    summary = replay(TraceReader(tmp_path / "drive.jsonl"), Config(), tmp_path)
    assert summary.frames == 150
    assert summary.unseen_share == pytest.approx(5 / 20, abs=0.01)
    assert "% of the file was not judged" in summary.text()


def test_a_trace_can_be_replayed_into_its_own_folder(tmp_path: Path) -> None:
    replay(MadeDrive(), Config(), tmp_path)
    before = (tmp_path / "trace.jsonl").read_bytes()
    replay_drives([tmp_path / "trace.jsonl"], Config(), tmp_path)
    assert (tmp_path / "trace.jsonl").read_bytes() == before


def test_a_film_beside_the_results_is_no_recording_after_another_replay_either(tmp_path: Path) -> None:
    replay(MadeDrive(), Config(), tmp_path / "out", tmp_path / "out" / "seen.mp4")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    (tmp_path / "out" / "summary.json").write_text(json.dumps({**summary, "made_by": {"overlay": "seen.mp4"}}))
    for _ in range(2):
        replay_drives([tmp_path / "out" / "trace.jsonl"], Config(), tmp_path / "out")
        found = find_drives([tmp_path / "out"], tmp_path / "again").drives
        assert [drive.path.name for drive in found] == ["trace.jsonl"]


def test_a_trace_is_not_judged_into_the_results_of_another_drive(tmp_path: Path) -> None:
    replay(MadeDrive(), Config(), tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    with TraceWriter(tmp_path / "other.jsonl", TraceHeader("other", "another session")) as trace:
        trace.write(Observation(1.0))
    with pytest.raises(UserError, match="holds the trace of another drive"):
        replay_drives([tmp_path / "other.jsonl"], Config(), tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_several_drives_go_into_a_folder_each(tmp_path: Path) -> None:
    for name in ("a", "b"):
        replay(MadeDrive(), Config(), tmp_path / name)
        (tmp_path / name / "trace.jsonl").rename(tmp_path / f"{name}.jsonl")
    replay_drives([tmp_path / "a.jsonl", tmp_path / "b.jsonl"], Config(), tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a", "b"}


def test_traces_of_several_drives_go_into_folders_named_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        replay(MadeDrive(), Config(), tmp_path / "two" / name)
    monkeypatch.chdir(tmp_path / "two" / "b")
    replay_drives([tmp_path / "two" / "a" / "trace.jsonl", Path("trace.jsonl")], Config(), tmp_path / "tuned")
    for name in ("a", "b"):
        first, second = (tmp_path / folder / name / "events.jsonl" for folder in ("two", "tuned"))
        assert first.read_bytes() == second.read_bytes()


def test_two_drives_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="same name"):
        replay_drives([tmp_path / "x" / "a.mp4", tmp_path / "y" / "a.mp4"], Config(), tmp_path)


def test_a_recording_that_was_cut_short_says_so(tmp_path: Path) -> None:
    whole = SAMPLE_DRIVE.read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: len(whole) // 5])
    (summary,) = replay_drives([cut], Config(), tmp_path / "out")
    assert summary.missing_s == pytest.approx(40.0 - summary.duration_s, abs=0.1)
    assert summary.missing_s > 20
    assert "was the file cut short?" in summary.text()


@pytest.mark.slow
def test_the_sample_drive_comes_out_as_it_was_made(tmp_path: Path) -> None:
    (summary,) = replay_drives([SAMPLE_DRIVE], Config(), tmp_path)
    result = score(tmp_path / "events.jsonl", SAMPLE_DRIVE.with_suffix(".events.csv"))
    assert result.misses == 0, result.text()
    assert result.false_alarms == (), result.text()
    assert summary.face_share > 0.9
    assert set(summary.alerts) == {"fatigue/microsleep", "fatigue/asleep"}


def test_results_of_an_interrupted_replay_are_not_scored(tmp_path: Path) -> None:
    replay(MadeDrive(), Config(), tmp_path)
    labels = SAMPLE_DRIVE.with_suffix(".events.csv")
    score(tmp_path / "events.jsonl", labels)

    def interrupt(*, completed: float, duration_s: float | None) -> None:
        if completed > CLOSED_S[0]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay(MadeDrive(), Config(), tmp_path, progress=interrupt)
    assert not (tmp_path / "summary.json").exists()
    with pytest.raises(UserError, match="interrupted or is still running"):
        score(tmp_path / "events.jsonl", labels)
    replay(MadeDrive(), Config(), tmp_path)
    assert {path.stem for path in tmp_path.iterdir()} == {"events", "states", "trace", "summary"}
    score(tmp_path / "events.jsonl", labels)
