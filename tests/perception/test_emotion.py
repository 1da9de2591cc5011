import math
from dataclasses import astuple
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dms.errors import UserError
from dms.models import ModelFile, find_model
from dms.perception.emotion import FRAMING, SIZE, EmotionNet, face_patch


def face_points(turn: float = 0.0, mouth: float = 60.0) -> npt.NDArray[Any]:
    """68 points of which the eyes (60 px apart) and the mouth (below them) matter, about (100, 80)."""
    points = np.zeros((68, 2), np.float32)
    points[36:42], points[42:48], points[48:68] = (-30, 0), (30, 0), (0, mouth)
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    return np.asarray(points @ np.array([[cos, sin], [-sin, cos]]) + (100, 80), np.float32)


def dots(points: npt.NDArray[Any]) -> npt.NDArray[Any]:
    grey = np.zeros((240, 240), np.uint8)
    for i in (36, 42, 48):
        x, y = points[i].round().astype(int)
        grey[y - 2 : y + 3, x - 2 : x + 3] = 255
    return grey


def drawn_face(smile: float) -> npt.NDArray[Any]:
    y, x = np.mgrid[:SIZE, :SIZE]
    picture = np.where(((x - 23.5) / 19) ** 2 + ((y - 25) / 24) ** 2 < 1, 170.0, 60.0)
    for eye in (15, 32):
        picture[(x - eye) ** 2 + ((y - 19) * 1.6) ** 2 < 9] = 40
    curve = 37 - smile * 4 * (((x - 23.5) / 10) ** 2 - 0.5)
    picture[(np.abs(y - curve) < 1.5) & (np.abs(x - 23.5) < 10)] = 50
    return picture.astype(np.uint8)


def patch_of(points: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """The patch of a face that is large enough to have one, drawn as three dots."""
    patch = face_patch(dots(points), points)
    assert patch is not None
    return patch


@pytest.fixture(scope="module")
def net() -> EmotionNet:
    return EmotionNet(find_model("emotion"))


@pytest.mark.parametrize("turn", [0, -30, 45])
def test_face_is_upright_with_eyes_and_mouth_at_their_heights(turn: float) -> None:
    points = face_points(turn)
    rows, columns = np.nonzero(patch_of(points) > 80)
    upper = rows < SIZE * 0.6
    assert rows[upper].mean() == pytest.approx(FRAMING.eye_line * SIZE - 0.5, abs=1.5)
    assert rows[~upper].mean() == pytest.approx((FRAMING.eye_line + FRAMING.eyes_to_mouth) * SIZE - 0.5, abs=1.5)
    assert columns[~upper].mean() == pytest.approx((SIZE - 1) / 2, abs=1.5)


def test_a_nod_does_not_enlarge_the_face() -> None:
    points = face_points(mouth=20.0)
    _, columns = np.nonzero(patch_of(points) > 80)
    assert np.ptp(columns) < SIZE * 0.6


def test_probabilities_add_up_to_one(net: EmotionNet) -> None:
    read = net.expression(drawn_face(1))
    assert read is not None
    emotions = astuple(read.emotions)
    assert math.fsum(emotions) == pytest.approx(1)
    assert min(emotions) >= 0


@pytest.mark.parametrize("patch", [None, np.zeros((SIZE, SIZE), np.uint8), np.full((SIZE, SIZE), 90, np.uint8)])
def test_a_patch_that_shows_nothing_is_unknown(net: EmotionNet, patch: npt.NDArray[Any] | None) -> None:
    assert net.expression(patch) is None


@pytest.mark.parametrize(("share", "floor"), [(0.25, 0), (0.15, 100)])
def test_a_face_in_little_light_or_haze_is_read_as_by_day(net: EmotionNet, share: float, floor: int) -> None:
    by_day = net.expression(drawn_face(1))
    faint = net.expression((drawn_face(1) * share + floor).astype(np.uint8))
    assert by_day is not None
    assert faint is not None
    assert astuple(faint.emotions) == pytest.approx(astuple(by_day.emotions), abs=0.1)
    assert faint.frown == pytest.approx(by_day.frown, abs=0.15)


def test_an_angry_face_frowns_and_a_happy_one_does_not(net: EmotionNet) -> None:
    angry, happy = (net.expression(drawn_face(smile)) for smile in (-2, 1))
    assert angry is not None
    assert happy is not None
    assert angry.frown > happy.frown + 0.2
    assert happy.frown >= 0.0
    assert angry.frown <= 1.0


def test_a_face_too_small_to_be_enlarged_is_not_cut() -> None:
    points = face_points() * np.float32(0.1)
    assert face_patch(np.zeros((60, 60), np.uint8), points) is None


def test_a_wide_mouth_is_read_whatever_the_contrast(net: EmotionNet) -> None:
    face = drawn_face(1)
    faint = (face.astype(int) // 3 + 90).astype(np.uint8)
    wide, faintly = net.wide_mouth(face), net.wide_mouth(faint)
    assert wide is not None
    assert faintly is not None
    assert math.fsum(astuple(wide)) == pytest.approx(1)
    assert astuple(faintly) == pytest.approx(astuple(wide), abs=0.1)
    assert net.wide_mouth(None) is None
    assert net.wide_mouth(np.full((SIZE, SIZE), 90, np.uint8)) is None


@pytest.mark.parametrize("smile", [-2, 1])
def test_golden_probabilities(net: EmotionNet, smile: int) -> None:
    """Faces that leave the net in no doubt: of those, runtimes and processors differ by few INT8 steps of 1/256."""
    for head, wanted in zip(net.heads(drawn_face(smile))[:2], GOLDEN[smile], strict=True):
        assert head == pytest.approx(np.array(wanted) / 256, abs=7.5 / 256)


def test_a_model_of_another_shape_is_refused() -> None:
    eyes = find_model("eyes")
    with pytest.raises(UserError, match="32x32x1"):
        EmotionNet(ModelFile("emotion", eyes.path, eyes.card))


# steps of 1/256, from the shipped file on tflite-runtime 2.14 and x86-64
GOLDEN = {
    -2: ((192, 4, 26, 6, 18, 3, 6), (18, 3, 2, 6, 225, 1, 1, 0)),
    1: ((3, 1, 3, 235, 4, 5, 3), (1, 255, 0, 0, 0, 0, 0, 0)),
}
