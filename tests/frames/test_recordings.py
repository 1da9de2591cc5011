"""Recordings of every kind, made here: each is read as a player shows it, and every picture is accounted for."""

from collections.abc import Generator, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms.config import CameraSettings, Config
from dms.demo import SAMPLE_DRIVE
from dms.errors import UserError
from dms.frames import Frame, Image, container
from dms.frames.decoded import Decoded
from dms.frames.orientation import Orientation
from dms.frames.recording import Recording
from dms.frames.report import LeftOut
from dms.frames.source import open_recording
from dms.observation import Observation, View
from dms.replay.video import VideoReader, unseen

RATE = 20
needs_av = pytest.mark.skipif(not container.AVAILABLE, reason="the extra 'replay' (PyAV) is not installed")


def cabin(count: int, size: tuple[int, int] = (160, 120)) -> list[Image]:
    """Pictures that all differ, with a bright corner at the top left."""
    pictures = []
    for index in range(count):
        image = np.full((size[1], size[0], 3), 60, np.uint8)
        image[: size[1] // 3, : size[0] // 3] = 220
        image[60:76, 16 + index % 100 : 32 + index % 100] = (40, 120, 200)
        pictures.append(image)
    return pictures


def write(path: Path, images: Iterable[Image], *, codec: str = "libx264", turn: int = 0, **how: Any) -> Path:
    """Encode pictures; ``times`` in frames places them, ``options`` go to the encoder."""
    import av  # noqa: PLC0415

    images = list(images)
    times = how.get("times", range(len(images)))
    with av.open(str(path), "w", format=how.get("format")) as out:
        stream: Any = out.add_stream(codec, rate=RATE, options=how.get("options", {}))
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = how.get("pix_fmt", "yuv420p")
        if turn:
            stream.set_display_rotation(turn)
        for time, image in zip(times, images, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = time, Fraction(1, RATE)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def read(path: Path, settings: CameraSettings | None = None, **how: Any) -> tuple[list[Frame], Recording]:
    recording = open_recording(path, settings or CameraSettings(), **how)
    return list(recording.frames()), recording


def times(frames: list[Frame]) -> list[float]:
    return [frame.t for frame in frames]


@needs_av
@pytest.mark.parametrize(("codec", "suffix"), [("libx264", "h264"), ("libx265", "hevc")])
def test_a_raw_stream_plays_at_the_rate_that_it_states(tmp_path: Path, codec: str, suffix: str) -> None:
    path = write(tmp_path / f"raw.{suffix}", cabin(60), codec=codec, format=suffix)
    frames, recording = read(path)
    assert times(frames) == pytest.approx([index / RATE for index in range(60)])
    assert any("calculated at 20 pictures a second (as the stream states)" in note for note in recording.report.notes)


@needs_av
@pytest.mark.parametrize(("fps", "rate"), [(None, 12.0), (10.0, 10.0)])
def test_a_raw_stream_without_a_rate_plays_at_the_cameras_or_the_one_that_is_given(
    tmp_path: Path, fps: float | None, rate: float
) -> None:
    path = write(tmp_path / "raw.mjpeg", cabin(30), codec="mjpeg", format="mjpeg", pix_fmt="yuvj420p")
    frames, recording = read(path, CameraSettings(fps=12), fps=fps)
    assert times(frames) == pytest.approx([index / rate for index in range(30)], abs=1e-6)
    assert any(f"at {rate:g} pictures a second" in note for note in recording.report.notes)


@needs_av
def test_parts_that_were_joined_follow_each_other(tmp_path: Path) -> None:
    parts = [write(tmp_path / f"{name}.ts", cabin(60)[::step]) for name, step in (("a", 1), ("b", -1))]
    joined = tmp_path / "ab.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    frames, recording = read(joined)
    assert len(frames) == 120
    assert times(frames) == pytest.approx([index / RATE for index in range(120)], abs=1e-3)
    assert any("begin anew once, first at 3.0 s" in note for note in recording.report.notes)


@needs_av
@pytest.mark.parametrize(("turn", "corner"), [(90, "bottom left"), (180, "bottom right"), (270, "top right")])
def test_a_turned_video_is_shown_as_its_container_says(tmp_path: Path, turn: int, corner: str) -> None:
    path = write(tmp_path / "turned.mp4", cabin(3), turn=turn)
    frame = read(path)[0][0]
    rows, columns = corner.split()
    for image in (frame.image, frame.picture):
        third = image[-30:] if rows == "bottom" else image[:30]
        assert (third[:, :30] if columns == "left" else third[:, -30:]).mean() > 180
    assert frame.image.shape == ((160, 120) if turn != 180 else (120, 160))
    # the camera's own turn comes after
    assert read(path, CameraSettings(rotate=90))[0][0].image.shape == ((120, 160) if turn != 180 else (160, 120))


def test_a_matrix_may_turn_and_mirror() -> None:
    image = np.arange(6, dtype=np.uint8).reshape(2, 3)
    one = 1 << 16

    def shown(a: int, b: int, c: int, d: int) -> list[list[int]]:
        matrix = np.array([a, b, 0, c, d, 0, 0, 0, 1 << 30], np.int32).tobytes()
        return [list(map(int, row)) for row in Orientation.of(matrix, None).apply(image)]

    assert shown(one, 0, 0, one) == [[0, 1, 2], [3, 4, 5]]
    assert shown(-one, 0, 0, one) == [[2, 1, 0], [5, 4, 3]]
    assert shown(one, 0, 0, -one) == [[3, 4, 5], [0, 1, 2]]
    assert shown(0, one, -one, 0) == [[3, 0], [4, 1], [5, 2]]
    assert shown(0, one, one, 0) == [[0, 3], [1, 4], [2, 5]]


@needs_av
def test_an_odd_size_is_read_and_brightness_is_that_of_the_colours(tmp_path: Path) -> None:
    path = write(tmp_path / "odd.mp4", cabin(5, (161, 121)), pix_fmt="yuv444p")
    for frame in read(path)[0]:
        assert frame.image.shape == (121, 161)
        grey = cv2.cvtColor(frame.picture, cv2.COLOR_BGR2GRAY)
        assert np.abs(grey.astype(int) - frame.image).mean() < 2.5


@needs_av
def test_a_recording_that_begins_between_key_frames_keeps_its_time(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.ts", cabin(100), options={"g": "60", "keyint_min": "60", "sc_threshold": "0"})
    packets = [whole.read_bytes()[place : place + 188] for place in range(0, whole.stat().st_size, 188)]
    # the tables, then everything after the first key frame
    (tmp_path / "cut.ts").write_bytes(b"".join(packets[:3] + packets[len(packets) // 5 :]))
    frames, recording = read(tmp_path / "cut.ts")
    assert len(frames) == 40
    assert frames[0].t > 0.5
    assert np.diff(times(frames)) == pytest.approx(1 / RATE, abs=1e-3)
    assert any(f"the first {frames[0].t:.1f} s cannot be decoded" in note for note in recording.report.notes)


@needs_av
def test_an_avi_with_b_frames_loses_none(tmp_path: Path) -> None:
    frames, recording = read(write(tmp_path / "b.avi", cabin(60), options={"bf": "2", "b-adapt": "0"}))
    assert np.diff(times(frames)) == pytest.approx([1 / RATE] * 59)
    assert frames[0].t <= 1 / RATE
    assert not recording.report.left_out


@needs_av
def test_a_name_with_a_colon_is_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "plain.mp4", cabin(3)).rename(tmp_path / "12:30.mp4")
    monkeypatch.chdir(tmp_path)
    assert len(read(Path("12:30.mp4"))[0]) == 3


@needs_av
def test_of_two_tracks_the_larger_is_read_or_the_one_that_is_asked_for(tmp_path: Path) -> None:
    import av  # noqa: PLC0415

    path = tmp_path / "two.mp4"
    with av.open(str(path), "w") as out:
        streams: list[Any] = [out.add_stream("libx264", rate=RATE) for _ in range(2)]
        for stream, size in zip(streams, ((160, 120), (320, 240)), strict=True):
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for stream, size in zip(streams, ((160, 120), (320, 240)), strict=True):
            for image in cabin(5, size):
                out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
            out.mux(stream.encode(None))
    frames, recording = read(path)
    assert frames[0].image.shape == (240, 320)
    assert any("track 2 is read, --track reads another" in note for note in recording.report.notes)
    assert read(path, track=1)[0][0].image.shape == (120, 160)
    with pytest.raises(UserError, match="there is no track 3"):
        open_recording(path, CameraSettings(), track=3)


def test_hidden_files_and_empty_pictures_are_left_out_of_a_folder_and_counted(tmp_path: Path) -> None:
    for index, image in enumerate(cabin(3)):
        cv2.imwrite(str(tmp_path / f"{index}.png"), image)
    (tmp_path / "._0.png").write_bytes(b"a resource fork")
    (tmp_path / "3.png").touch()
    frames, recording = read(tmp_path, CameraSettings(fps=10))
    assert times(frames) == [0.0, 0.1, 0.2]
    assert recording.report.undecodable == 1
    assert any("1 hidden files" in note for note in recording.report.notes)


@needs_av
def test_a_recording_that_stands_still_or_has_a_gap_is_not_judged_meanwhile(tmp_path: Path) -> None:
    images = cabin(60)
    still = [*images[:20], *[images[19]] * 60, *images[20:]]
    path = write(tmp_path / "still.mkv", still, codec="ffv1", pix_fmt="bgr0")
    frames, recording = read(path)
    assert len(frames) == 60
    assert recording.report.left_out == {LeftOut.REPEATED: 19, LeftOut.FROZEN: 41}
    assert any("60 of 120 pictures left out" in note for note in recording.report.notes)
    # the same moments without any pictures
    gap = write(tmp_path / "gap.mkv", images, codec="ffv1", pix_fmt="bgr0", times=[*range(20), *range(80, 120)])
    for drive in (path, gap):
        lost = [
            step.t
            for step in VideoReader(drive, Config()).moments()
            if isinstance(step, Observation) and step.view is View.LOST
        ]
        assert lost == pytest.approx([1.95 + 0.25 * index for index in range(9)], abs=2e-3)


def test_a_long_gap_is_told_in_few_steps() -> None:
    moments = list(unseen(0.0, 86_400.0, 1.0))
    assert moments[0] == 1.0
    assert len(moments) < 10_000


@needs_av
def test_sound_that_goes_on_is_no_cut(tmp_path: Path) -> None:
    import av  # noqa: PLC0415

    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as out:
        video: Any = out.add_stream("libx264", rate=RATE)
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        sound: Any = out.add_stream("pcm_s16le", rate=8000)
        for image in cabin(20):
            out.mux(video.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        out.mux(video.encode(None))
        for second in range(6):
            heard = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), layout="mono")
            heard.sample_rate, heard.pts = 8000, second * 8000
            out.mux(sound.encode(heard))
        out.mux(sound.encode(None))
    assert read(path)[1].report.missing_s == 0.0


class FakeDecoder:
    """Pictures and times of which no encoder makes a file."""

    name = "fake"
    rate: float | None = 20.0
    timed = True
    duration_s: float | None = None
    notes: tuple[str, ...] = ()
    undecodable = 0
    reached_s = 0.0

    def __init__(self, pictures: list[tuple[float | None, int]]) -> None:
        self._pictures = pictures

    def pictures(self) -> Generator[Decoded, None, None]:
        for t, kind in self._pictures:
            yield Decoded(t, cabin(kind + 1)[kind][..., 0])


stamps = st.one_of(st.none(), st.floats(-10.0, 1e10), st.integers(0, 40).map(lambda index: index / 20))


@given(st.lists(st.tuples(stamps, st.integers(0, 2)), min_size=1, max_size=30))
def test_pictures_judged_and_left_out_add_up_to_those_decoded(pictures: list[tuple[float | None, int]]) -> None:
    recording = Recording(FakeDecoder(pictures), CameraSettings())
    frames = list(recording.frames())
    report = recording.report
    assert len(frames) + sum(report.left_out.values()) == report.decoded == len(pictures)
    assert bool(report.left_out) == any("left out" in note for note in report.notes)
    assert all(later > earlier for earlier, later in zip(times(frames), times(frames)[1:], strict=False))


def test_one_time_that_went_astray_costs_one_picture() -> None:
    pictures: list[tuple[float | None, int]] = [(index / 20, index % 3) for index in range(40)]
    pictures[20] = (90_000.0, 2)
    recording = Recording(FakeDecoder(pictures), CameraSettings())
    assert times(list(recording.frames())) == [index / 20 for index in range(40) if index != 20]
    assert recording.report.left_out == {LeftOut.TIME: 1}


class TestWithoutTheExtra:
    @pytest.fixture(autouse=True)
    def plain(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.available = container.AVAILABLE
        monkeypatch.setattr(container, "AVAILABLE", False)

    def test_the_sample_drive_is_read_all_the_same(self) -> None:
        frames, recording = read(SAMPLE_DRIVE)
        assert len(frames) + sum(recording.report.left_out.values()) == 800

    @pytest.mark.parametrize(("name", "codec"), [("raw.h264", "libx264"), ("part.ts", "libx264"), ("x.mkv", "libx264")])
    def test_what_opencv_reads_wrongly_is_refused_by_name_of_the_extra(
        self, tmp_path: Path, name: str, codec: str
    ) -> None:
        if not self.available:
            pytest.skip("PyAV makes the file")
        path = write(tmp_path / name, cabin(5), codec=codec)
        with pytest.raises(UserError, match=r"install the extra 'replay' \(pip install 'dms\[replay\]'\)"):
            read(path)

    def test_a_turned_video_is_shown_upright(self, tmp_path: Path) -> None:
        if not self.available:
            pytest.skip("PyAV makes the file")
        path = write(tmp_path / "turned.mp4", cabin(3), turn=90)
        assert read(path)[0][0].image[-30:, :30].mean() > 180

    def test_a_track_needs_the_extra(self) -> None:
        with pytest.raises(UserError, match="install the extra 'replay'"):
            open_recording(SAMPLE_DRIVE, CameraSettings(), track=1)
