"""Whether a face stands upright, by what the landmark net says of it turned."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dms.config import PerceptionSettings
from dms.frames import Frame, Image
from dms.observation import HeadPose
from dms.perception.landmarks import Confidences, Crop, Landmarks
from dms.perception.perception import Perception
from dms.perception.upright import SETTLED_S, UNSETTLED_S, UprightJudge

from .test_pose import seen

GREY = np.zeros((480, 640), np.uint8)
SURE = Confidences(sure_again=0.98, sure_turned=0.9, turned_again=0.3)
AHEAD = HeadPose(0.0, 0.0, 0.0)
# what the net makes of a face that is not upright: points here and there
GUESSED = seen(0, 0, 0) + np.random.default_rng(0).normal(0, 12, (68, 2)).astype(np.float32)

Locate = Callable[[Image, Crop], Landmarks]


def face(points: npt.NDArray[Any] = GUESSED) -> Landmarks:
    return Landmarks(points, 0.99)


class Net:
    """The landmark net before a camera that is turned.

    Args:
        turn: Degrees by which the crop must be turned for a head to be seen in it; None for an upright camera.
        confidence: Of the head.
    """

    def __init__(self, turn: float | None = None, confidence: float = 0.99) -> None:
        self.turn = turn
        self.confidence = confidence
        self.asked = 0
        self._roll = Crop.around_landmarks(GUESSED).roll

    def locate(self, grey: Image, crop: Crop) -> Landmarks:
        self.asked += 1
        if self.turn is not None and abs(crop.roll - self._roll - self.turn) < 1:
            return Landmarks(seen(5, -10, 170), self.confidence)
        return Landmarks(GUESSED, 0.1)


@pytest.mark.parametrize("turn", [180, 90, -90])
def test_a_face_that_fits_better_the_other_way_up_is_not_upright_from_the_first_frame_on(turn: float) -> None:
    assert not UprightJudge(Net(turn).locate, SURE).judge(GREY, 0.0, face(), AHEAD, new=True)


def test_a_turned_face_beside_the_crop_is_looked_at_again() -> None:
    net = Net(180, confidence=0.4)

    def locate(grey: Image, crop: Crop) -> Landmarks:
        again = crop == Crop.around_landmarks(seen(5, -10, 170))
        return Landmarks(seen(5, -10, 170), 0.99) if again else net.locate(grey, crop)

    assert not UprightJudge(locate, SURE).judge(GREY, 0.0, face(), AHEAD, new=True)


def test_turned_faces_that_fit_no_better_or_are_in_doubt_say_nothing() -> None:
    upright = Landmarks(seen(5, -10, 0), 0.99)
    assert UprightJudge(Net().locate, SURE).judge(GREY, 0.0, upright, AHEAD, new=True)
    assert UprightJudge(Net(180, confidence=0.8).locate, SURE).judge(GREY, 0.0, face(), AHEAD, new=True)


@pytest.mark.parametrize("pose", [HeadPose(0, 75, 0), HeadPose(0, -75, 0), HeadPose(5, 0, 130), HeadPose(5, 0, -100)])
def test_a_pose_that_cannot_be_is_not_upright_for_as_long_as_it_lasts(pose: HeadPose) -> None:
    judge = UprightJudge(Net().locate, SURE)
    assert judge.judge(GREY, 0.0, face(), AHEAD, new=True)
    assert not judge.judge(GREY, 0.1, face(), pose, new=False)
    assert judge.judge(GREY, 0.2, face(), AHEAD, new=False)


@pytest.mark.parametrize("fps", [5, 10, 15, 30])
def test_a_camera_that_slips_is_noticed_and_one_that_is_put_right_as_well(fps: int) -> None:
    net = Net()
    judge, answers = UprightJudge(net.locate, SURE), {}
    for i in range(60 * fps):
        t = i / fps
        net.turn = 180 if 20 <= t < 40 else None
        answers[t] = judge.judge(GREY, t, face(), AHEAD, new=i == 0)
    assert all(answer for t, answer in answers.items() if t < 20)
    assert not any(answer for t, answer in answers.items() if 20 + SETTLED_S + 1 / fps <= t < 40)
    # a single try may be wrong, so it takes two to believe that it is right again
    assert not any(answer for t, answer in answers.items() if 40 <= t < 40 + UNSETTLED_S)
    assert all(answer for t, answer in answers.items() if t >= 40 + 2 * UNSETTLED_S + 1 / fps)


def test_single_wrong_tries_do_not_make_a_turned_face_upright() -> None:
    net = Net(180)
    judge = UprightJudge(net.locate, SURE)
    for i in range(300):
        # the try of every third second finds no head
        net.confidence = 0.5 if 10 <= i % 30 < 20 else 0.99
        assert not judge.judge(GREY, i / 10, face(), AHEAD, new=i == 0)


@pytest.mark.parametrize("fps", [10, 30])
def test_a_followed_face_costs_few_tries_and_one_that_comes_and_goes_at_most_one_a_second(
    fps: int,
) -> None:
    net = Net()
    judge = UprightJudge(net.locate, SURE)
    for i in range(60 * fps):
        judge.judge(GREY, i / fps, face(), AHEAD, new=i == 0)
    assert net.asked <= 3 * (60 / SETTLED_S + 3)
    net.asked = 0
    for i in range(60 * fps):
        judge.judge(GREY, 60 + i / fps, face(), AHEAD, new=i % 2 == 0)
    assert net.asked <= 3 * 60 / UNSETTLED_S


def test_a_clock_that_runs_backwards_does_not_stop_the_tries() -> None:
    net = Net()
    judge = UprightJudge(net.locate, SURE)
    judge.judge(GREY, 1000.0, face(), AHEAD, new=True)
    net.turn = 180
    assert not judge.judge(GREY, 10.0, face(), AHEAD, new=False)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_with_the_camera_turned_nothing_of_the_face_is_known(portrait: Image, quarters: int) -> None:
    turned = np.ascontiguousarray(np.rot90(portrait, quarters))
    perception = Perception(PerceptionSettings())
    for i in range(30):
        observation = perception.observe(Frame(i / 10, turned))
        assert observation.upright is not True
        assert (observation.left_eye, observation.right_eye, observation.pose) == (None, None, None)
        assert (observation.yawn, observation.emotions) == (None, None)


def test_an_upright_face_is_said_to_be(portrait: Image) -> None:
    perception = Perception(PerceptionSettings())
    assert all(perception.observe(Frame(i / 10, portrait)).upright for i in range(100))
