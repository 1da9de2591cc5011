"""The overlay: a video that browsers play, which shows what was seen, judged and labelled."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

import dms.replay.film
import dms.replay.overlay
import dms.replay.strip
from dms.config import Config
from dms.demo import SAMPLE_DRIVE
from dms.driver.monitor import DriverMonitor
from dms.driver.state import Condition, Eyes, FatigueLevel, Looking
from dms.errors import UserError, WorldError
from dms.frames import Frame
from dms.frames.report import RecordingReport
from dms.observation import HeadPose, Observation, View
from dms.records.trace import TraceHeader
from dms.replay.drives import find_drives
from dms.replay.film import open_film
from dms.replay.labels import Label
from dms.replay.overlay import Picture, draw
from dms.replay.paint import BLUE, CONDITIONS, RED
from dms.replay.replay import jobs_for, replay, replay_drives
from dms.replay.strip import Strip
from dms.replay.walk import Moment
from dms.replay.why import why

LIMITS = Config().driver


class Drive:
    """Ten seconds at 20 fps with a closure; in the middle two seconds without a picture, at which a picture is red."""

    has_pictures = True
    report: RecordingReport | None = None
    duration_s: float | None = 10.0
    landmarks: npt.NDArray[np.float32] | None = np.full((68, 2), 30, np.float32)
    header = TraceHeader("made", "session")

    def moments(self) -> Iterator[Moment]:
        for index in range(200):
            t = index / 20
            if 4 <= t < 6:
                yield Observation(t, View.LOST)
            else:
                yield Frame(t, np.full((61, 81, 3), (0, 0, 200), np.uint8))

    def observe(self, frame: Frame) -> Observation:
        eye = 0.97 if 7 <= frame.t < 9 else 0.03
        return Observation(frame.t, face=True, face_score=0.9, pose=HeadPose(1, 2, 3), left_eye=eye, right_eye=eye)

    def stage_ms(self) -> dict[str, float]:
        return {}


def pictures(path: Path) -> list[npt.NDArray[np.uint8]]:
    capture = cv2.VideoCapture(str(path))
    found: list[npt.NDArray[np.uint8]] = []
    while True:
        ok, picture = capture.read()
        if not ok:
            return found
        found.append(np.asarray(picture, np.uint8))


@pytest.mark.slow
def test_an_overlay_is_h264_of_the_drives_length_and_even_size(tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason="PyAV is not installed (the extra replay)")
    summary = replay(Drive(), Config(), tmp_path, tmp_path / "seen.mp4")
    with av.open(str(tmp_path / "seen.mp4")) as container:
        (stream,) = container.streams
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert stream.width % 2 == stream.height % 2 == 0
    head = (tmp_path / "seen.mp4").read_bytes()
    assert head.find(b"moov") < head.find(b"mdat"), "a browser shows it before it has all of it"
    assert len(pictures(tmp_path / "seen.mp4")) == pytest.approx(200, abs=2)
    assert not [note for note in summary.notes if "overlay" in note]


@pytest.mark.slow
def test_where_there_was_no_picture_none_is_shown(tmp_path: Path) -> None:
    replay(Drive(), Config(), tmp_path, tmp_path / "seen.mp4")
    shown = pictures(tmp_path / "seen.mp4")
    corner = [picture[20:40, 20:40].mean(axis=(0, 1)) for picture in (shown[60], shown[100], shown[130])]
    assert [bool(colour[2] > 120) for colour in corner] == [True, False, True]


def test_no_picture_is_shown_before_it_was_taken(tmp_path: Path) -> None:
    class Slow(Drive):
        """Two pictures a second, red from the second one on, and then one after a gap that is blue."""

        def moments(self) -> Iterator[Moment]:
            for t, colour in ((0.0, (0, 0, 0)), (0.5, (0, 0, 200)), (1.0, (0, 0, 200)), (3.0, (200, 0, 0))):
                yield Frame(t, np.full((61, 81, 3), colour, np.uint8))

    replay(Slow(), Config(), tmp_path, tmp_path / "seen.mp4")
    shown = [picture[20:40, 20:40].mean(axis=(0, 1)) > 100 for picture in pictures(tmp_path / "seen.mp4")]
    assert [index / 20 for index, (_, _, red) in enumerate(shown) if red] == [n / 20 for n in range(10, 60)]
    assert [index / 20 for index, (blue, _, _) in enumerate(shown) if blue] == [3.0]


def test_without_x264_it_is_vp9(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    av = pytest.importorskip("av", reason="PyAV is not installed (the extra replay)")
    monkeypatch.setattr(av.codec, "codecs_available", av.codec.codecs_available - {"libx264"})
    film = open_film(tmp_path / "seen.mp4", 64, 48, 20)
    for shade in range(0, 200, 10):
        film.add(np.full((48, 64, 3), shade, np.uint8))
    film.close()
    with av.open(str(tmp_path / "seen.mp4")) as container:
        assert container.streams.video[0].codec_context.name == "vp9"
    assert len(pictures(tmp_path / "seen.mp4")) == 20


def test_without_pyav_opencv_writes_it_and_says_that_no_browser_plays_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dms.replay.film, "AVAILABLE", False)
    summary = replay(Drive(), Config(), tmp_path, tmp_path / "seen.mp4")
    assert len(pictures(tmp_path / "seen.mp4")) == pytest.approx(200, abs=2)
    assert [note for note in summary.notes if "pip install 'dms[replay]'" in note]


def test_a_video_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "seen.mp4").mkdir()
    with pytest.raises(WorldError, match=r"seen\.mp4: cannot be written"):
        open_film(tmp_path / "seen.mp4", 64, 48, 20)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("drive.mp4", "would replace the recording itself"),
        ("seen.avi", "written as .mp4"),
        ("seen.MP4", "written as .mp4"),
        ("dir.mp4", "is a folder"),
    ],
)
def test_an_overlay_that_would_cost_something_is_refused_before_anything_is_written(
    tmp_path: Path, name: str, words: str
) -> None:
    drive = tmp_path / "drive.mp4"
    drive.write_bytes(SAMPLE_DRIVE.read_bytes())
    (tmp_path / "dir.mp4").mkdir()
    with pytest.raises(UserError, match=words):
        replay_drives([drive], Config(), tmp_path / "out", tmp_path / "out" / ".." / name)
    assert drive.read_bytes() == SAMPLE_DRIVE.read_bytes()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("eyes", "closed_s", "looking", "words"),
    [
        (Eyes.OPEN, 0.0, Looking.AHEAD, "eyes open"),
        (Eyes.OPEN, 0.0, None, "eyes open"),
        (Eyes.OPEN, 0.0, Looking.DOWN, "eyes open, looking down"),
        (Eyes.CLOSED, 2.1, Looking.DOWN, "eyes closed for 2.1 s"),
        (Eyes.CLOSED, None, None, "eyes closed"),
        (Eyes.UNKNOWN, None, None, "eyes unknown"),
    ],
)
def test_an_overlay_reads_well(
    eyes: Eyes, closed_s: float | None, looking: Looking | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    monkeypatch.setattr(dms.replay.overlay, "text", lambda _panel, text, *_, **__: written.append(text))
    seen = Observation(1.0, face=True, pose=HeadPose(-0.3, 12.6, 0.2))
    state = replace(DriverMonitor(LIMITS).step(seen).state, eyes=eyes, closed_s=closed_s, looking=looking)
    draw(Picture(np.zeros((60, 80), np.uint8), None), seen, state, LIMITS, "by perclos, PERCLOS 14%, slow blinks, yawn")
    assert words in written
    assert "yaw 0  pitch 13  roll 0" in written
    assert [line for line in written if "PERCLOS 14%" in line], "why the alert is open"
    assert all(len(line) <= 34 for line in written)


def test_a_bar_has_a_tick_at_each_of_its_limits() -> None:
    seen = Observation(1.0, face=True, right_eye=0.2)
    state = DriverMonitor(LIMITS).step(seen).state
    canvas = draw(Picture(np.zeros((60, 80), np.uint8), None), seen, state, LIMITS, "")
    other = LIMITS.model_copy(update={"eyes": LIMITS.eyes.model_copy(update={"closed_limit": 0.9})})
    moved = draw(Picture(np.zeros((60, 80), np.uint8), None), seen, state, other, "")
    full, left = 260 - 28, 640 + 14
    changed = sorted({int(x) for x in np.nonzero((canvas != moved).any(axis=2))[1]})
    assert changed == [left + round(full * 0.6), left + round(full * 0.9)]


def test_the_strip_shows_labels_alerts_and_condition_where_they_were() -> None:
    strip = Strip([Label(20.0, 24.0, "eyes_closed")])
    calm = DriverMonitor(LIMITS).step(Observation(0.0)).state
    for index in range(600):
        t = index / 20
        asleep = 22 <= t < 26
        state = replace(
            calm,
            condition=Condition.FATIGUED if asleep else Condition.ATTENTIVE,
            fatigue=FatigueLevel.ASLEEP if asleep else None,
        )
        strip.update(t, state, 0.9 if asleep else 0.1)
    drawn = strip.draw(30.0, 880 + 78 + 8).astype(int)
    # 34 s are 880 pixels wide; at 30 s the strip begins with 0 s
    at = {t: 78 + round(t * 880 / 34) for t in (19, 23.7, 25.7, 27)}

    def colours(row: int) -> dict[float, tuple[int, ...]]:
        return {t: tuple(drawn[6 + row * 17 + 1, x].tolist()) for t, x in at.items()}

    background = (20, 20, 20)
    assert colours(0) == {19: background, 23.7: BLUE, 25.7: background, 27: background}
    assert colours(1) == {19: background, 23.7: RED, 25.7: RED, 27: background}
    calm_colour, tired = CONDITIONS[Condition.ATTENTIVE], CONDITIONS[Condition.FATIGUED]
    assert colours(2) == {19: calm_colour, 23.7: tired, 25.7: tired, 27: calm_colour}


def test_an_overlay_has_to_be_mp4(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"written as \.mp4"):
        replay(Drive(), Config(), tmp_path, tmp_path / "seen.avi")


def test_labels_need_an_overlay_to_be_drawn_into(tmp_path: Path) -> None:
    labels = SAMPLE_DRIVE.with_suffix(".events.csv")
    drives = find_drives([SAMPLE_DRIVE], tmp_path).drives
    with pytest.raises(UserError, match="give --overlay too"):
        jobs_for(drives, Config(), tmp_path, labels=labels)
    (job,) = jobs_for(drives, Config(), tmp_path, tmp_path / "seen.mp4", labels=labels)
    assert Label(18.0, 22.0, "eyes_closed") in job.labels


def test_an_overlay_needs_one_drive_with_pictures(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="single drive that has pictures"):
        replay_drives([tmp_path / "trace.jsonl"], Config(), tmp_path, tmp_path / "seen.mp4")


def test_a_reason_is_told_in_words() -> None:
    evidence: dict[str, Any] = {"cause": "no_return", "longest_closed_s": 3.25, "perclos": None, "signs": "slow_blinks"}
    assert why(evidence) == "by no return, closed 3.2 s, slow blinks"
    assert why({"cause": "eyes_off_road", "eyes_off_road_s": 3.52, "limit_s": 3.5}) == "by eyes off road, 3.5 s"
    assert why(None) == ""
