"""Recordings: times come from the file, and what is broken is said."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from dms.config import CameraSettings
from dms.demo import SAMPLE_DRIVE
from dms.errors import UserError, WorldError
from dms.frames.camera import open_source
from dms.frames.source import open_recording
from dms.frames.upright import upright


def test_a_video_gives_its_frames_with_presentation_times() -> None:
    drive = open_recording(SAMPLE_DRIVE, CameraSettings())
    times = [frame.t for frame in drive.frames()]
    assert drive.duration_s == pytest.approx(40.0)
    assert times[0] == 0.0
    assert np.diff(times) == pytest.approx(0.05, abs=1e-4)
    assert len(times) == 800


def test_a_video_can_be_walked_twice() -> None:
    drive = open_recording(SAMPLE_DRIVE, CameraSettings())
    first, second = next(drive.frames()), next(drive.frames())
    assert np.array_equal(first.image, second.image)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no such file"),
        (b"", "the file is empty"),
        (b"this is no video", "not a video"),
        (SAMPLE_DRIVE.read_bytes()[:500], "not a video|no frame that can be decoded"),
    ],
)
def test_a_file_that_is_no_video_is_told_in_one_line(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "drive.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=words) as raised:
        list(open_recording(path, CameraSettings()).frames())
    assert "\n" not in str(raised.value)


def test_a_truncated_video_gives_what_is_left_of_it(tmp_path: Path) -> None:
    whole = SAMPLE_DRIVE.read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: len(whole) // 2])
    assert 100 < len(list(open_recording(path, CameraSettings()).frames())) < 800


def test_a_video_without_frames_is_told(tmp_path: Path) -> None:
    path = tmp_path / "none.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    writer.release()
    with pytest.raises(UserError, match=r"not a video|no frame"):
        list(open_recording(path, CameraSettings()).frames())


def test_images_play_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in (1, 2, 10):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((4, 4), number, np.uint8))
    (tmp_path / "notes.txt").write_text("not a picture")
    frames = list(open_recording(tmp_path, CameraSettings(fps=10)).frames())
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [1, 2, 10]
    assert [frame.t for frame in frames] == [0.0, 0.1, 0.2]


def test_a_folder_without_images_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no images in this folder"):
        open_recording(tmp_path, CameraSettings())


def test_an_image_that_is_none_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_text("not a picture")
    with pytest.raises(UserError, match=r"1\.jpg"):
        list(open_recording(tmp_path, CameraSettings(fps=10)).frames())


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("0", "camera 0"),
        ("/dev/video7", "/dev/video7"),
        ("rtsp://user:secret@camera.local:554/stream", "rtsp://camera.local:554/..."),
        ("rtsp://user:secret@[fe80::1]", "rtsp://[fe80::1]"),
        ("rtsp://camera.local/user=admin&password=secret", "rtsp://camera.local/..."),
        ("http://camera.local?pwd=secret", "http://camera.local/..."),
        ("rtsp://user:sec/ret@camera.local/stream", "rtsp://..."),
        ("rtsp://user:sec ret@camera.local/stream", "rtsp://camera.local/..."),
        ("rtsp://user:secret", "rtsp://..."),
        ("libcamera:1", "libcamera 1"),
        (str(SAMPLE_DRIVE), "sample_drive.mp4"),
    ],
)
def test_one_door_opens_every_source_and_shows_no_password(source: str, name: str) -> None:
    assert open_source(CameraSettings(source=source)).name == name


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            "ftp://user:secret@camera.local/x",
            "ftp://camera.local/...: no address of a camera; a stream begins with rtsp://",
        ),
        ("rtsp://", "the address names no host"),
        ("rtsp:///stream", "the address names no host"),
        ("http://user:secret@:80/x", "the address names no host"),
        ("libcamer", r"libcamer: no such file \(did you mean 'libcamera'\?\)"),
        ("Libcamera:1", "did you mean 'libcamera'"),
    ],
)
def test_a_source_that_can_never_give_pictures_is_told_in_one_line(source: str, words: str) -> None:
    with pytest.raises(UserError, match=words) as raised:
        open_source(CameraSettings(source=source))
    assert "\n" not in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_file_may_be_called_like_a_camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "libcamera.mp4").write_bytes(SAMPLE_DRIVE.read_bytes())
    assert open_source(CameraSettings(source="libcamera.mp4")).name == "libcamera.mp4"


def test_a_camera_that_is_absent_is_told_with_what_to_do() -> None:
    with pytest.raises(WorldError, match="is the camera plugged in"):
        next(open_source(CameraSettings(source="/dev/video99")).frames())


def test_pictures_are_set_upright() -> None:
    picture = np.zeros((2, 3, 3), np.uint8)
    picture[0, 0] = 255
    turned = upright(picture, CameraSettings(rotate=90))
    assert turned.shape == (3, 2, 3)
    assert turned[0, 1, 0] == 255
    mirrored = upright(picture, CameraSettings(mirror=True))
    assert mirrored[0, 2, 0] == 255
