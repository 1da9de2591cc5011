"""`dms aim` as a person meets it: words, JSON, exit codes, the picture, Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from dms.demo import SAMPLE_DRIVE
from tests.aim.command import sample_camera
from tests.aim.scenes import sample, turned
from tests.command import Run
from tests.conftest import until
from tests.mjpeg import MjpegCamera, jpeg


@pytest.fixture
def on_its_side(tmp_path: Path) -> Path:
    """A folder of images from a camera that lies on its side."""
    folder = tmp_path / "images"
    folder.mkdir()
    for index, picture in enumerate(sample()[:25]):
        cv2.imwrite(str(folder / f"{index:03}.png"), turned(90)(picture))
    return folder


def test_a_good_recording_ends_with_0(dms: Run, tmp_path: Path) -> None:
    picture = tmp_path / "seen.jpg"
    result = dms("aim", "--source", SAMPLE_DRIVE, "--picture", picture)
    # LiteRT says what it is made of
    told = [line for line in result.stderr.splitlines() if not line.startswith("INFO: ")]
    assert (result.returncode, told) == (0, [])
    assert result.stdout.startswith("good: a face 19")
    image = cv2.imread(str(picture))
    assert image is not None
    assert image.shape[0] > 360, "the words stand below the picture"


def test_a_camera_on_its_side_ends_with_1_and_says_what_mends_it(dms: Run, on_its_side: Path) -> None:
    result = dms("aim", "--source", on_its_side, "--json")
    assert result.returncode == 1
    told = json.loads(result.stdout)
    assert (told["verdict"], told["problems"]) == ("not_usable", ["sideways"])
    assert told["advice"][0]["text"].endswith("set camera.rotate = 90")


def test_the_picture_does_not_replace_one_that_is_looked_at(dms: Run, tmp_path: Path) -> None:
    picture = tmp_path / "000.jpg"
    cv2.imwrite(str(picture), sample()[0])
    before = picture.read_bytes()
    result = dms("aim", "--source", tmp_path, "--picture", picture)
    assert (result.returncode, picture.read_bytes()) == (2, before)
    assert "is a picture that is looked at" in result.stderr


@pytest.mark.parametrize(
    ("name", "words"),
    [("seen.gif", "is written as .jpg or .png"), ("nowhere/seen.jpg", "there is no folder")],
)
def test_a_picture_that_cannot_be_written_is_refused_before_anything_is_read(
    dms: Run, tmp_path: Path, name: str, words: str
) -> None:
    result = dms("aim", "--source", SAMPLE_DRIVE, "--picture", tmp_path / name)
    assert result.returncode == 2
    assert words in result.stderr
    assert result.stdout == ""


def test_a_source_that_is_none_ends_with_2(dms: Run) -> None:
    result = dms("aim", "--source", "/nowhere/drive.mp4")
    assert result.returncode == 2
    assert "no such file" in result.stderr


@pytest.fixture
def camera() -> Iterator[MjpegCamera]:
    """A network camera that shows the sample again and again."""
    with sample_camera() as camera:
        yield camera


def test_a_camera_is_looked_through_for_as_long_as_asked(dms: Run, camera: MjpegCamera) -> None:
    result = dms("aim", "--source", camera.address, "--seconds", 4)
    # a busy machine may see too few pictures a second, which is told; what it saw is what the camera shows
    verdicts = [line for line in result.stdout.splitlines() if line.startswith(("good", "usable", "not usable"))]
    assert result.returncode == int(verdicts[-1].startswith("not usable"))
    assert not any(problem in result.stdout for problem in ("no_face", "upside_down", "dark"))


def test_ctrl_c_ends_a_look_with_the_last_verdict(camera: MjpegCamera, tmp_path: Path) -> None:
    told, picture = tmp_path / "told", tmp_path / "seen.png"
    camera.pictures = [jpeg(turned(180)(shown)) for shown in sample()]
    arguments = ["--source", camera.address, "--picture", str(picture)]
    with told.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "dms", "aim", *arguments], stdout=out, env={**os.environ, "PYTHONUNBUFFERED": "1"}
        )
    until(lambda: "upside down" in told.read_text() or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    assert process.wait(60.0) == 1
    assert told.read_text().count("not usable") >= 2, "when it was found, and at the end"
    assert cv2.imread(str(picture)) is not None


def test_a_camera_that_is_not_there_ends_with_1(dms: Run) -> None:
    result = dms("aim", "--source", "/dev/video99", "--seconds", 1)
    assert result.returncode == 1
    assert "is the camera plugged in?" in result.stderr
