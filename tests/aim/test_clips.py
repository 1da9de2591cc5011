"""What `dms aim` says of recorded faces: glasses that mirror, a mirror's view, a face that is too near, turned cameras.

The clips belong to others and stand in ../shared beside the checkout; without them this file is skipped.
"""

from pathlib import Path

import cv2
import numpy as np
import pytest

from dms.aim.verdict import Problem, Verdict
from tests.aim.scenes import FPS, Picture, aim_of, turned

CLIPS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "drives"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CLIPS.is_dir(), reason="the recorded drives of ../shared are not here"),
]


def clip(name: str, seconds: float = 4.0) -> list[Picture]:
    """The beginning of a clip, grey, 10 pictures a second."""
    video = cv2.VideoCapture(str(CLIPS / name))
    step = max(1, round(video.get(cv2.CAP_PROP_FPS) / FPS))
    pictures = []
    for index in range(int(seconds * FPS) * step):
        read, image = video.read()
        if read and index % step == 0:
            pictures.append(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8))
    video.release()
    return pictures


@pytest.mark.parametrize("name", ["incluit_eyes_closed.mp4", "glasses_blinks.mp4", "webcam_12fps.mp4", "hdtf_a.mp4"])
def test_faces_that_are_seen_well_are_good_whether_their_eyes_are_shut_or_behind_clear_glasses(name: str) -> None:
    assert aim_of(pictures=clip(name)).verdict is Verdict.GOOD


def test_both_eyes_of_a_driver_before_a_camera_at_the_mirror_are_read() -> None:
    assert aim_of(pictures=clip("yawdd_m1_yawn_glasses.avi")).verdict is Verdict.GOOD


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("webcam_proctor_h.mp4", Problem.GLARE),
        ("fellway_closeup_a.mp4", Problem.CUT_OFF),
        ("outdoor_small_face.mp4", Problem.FACE_TOO_SMALL),
    ],
)
def test_what_is_wrong_with_others_is_named(name: str, problem: Problem) -> None:
    assert problem in aim_of(pictures=clip(name)).problems


@pytest.mark.parametrize("degrees", [90, 180, 270])
@pytest.mark.parametrize("name", ["incluit_eyes_closed.mp4", "webcam_12fps.mp4", "mead_woman_fear.mp4"])
def test_a_turned_camera_is_told_by_faces_that_the_nets_would_take_for_upright(name: str, degrees: int) -> None:
    aim = aim_of(turned(degrees), pictures=clip(name))
    assert aim.problems == ((Problem.UPSIDE_DOWN if degrees == 180 else Problem.SIDEWAYS),)
    assert f"camera.rotate = {degrees}" in aim.advice[0].text
