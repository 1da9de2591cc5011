from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dms.errors import UserError
from dms.models import ModelFile, find_model
from dms.observation import Box
from dms.perception.landmarks import Crop, LandmarkNet, rotation
from dms.perception.mouth import SIZE, MouthNet, mouth_crop, mouth_patch


@pytest.fixture(scope="module")
def net() -> MouthNet:
    return MouthNet(find_model("mouth"))


def face(size: float = 90.0, roll: float = 0.0, centre: tuple[float, float] = (240.0, 150.0)) -> npt.NDArray[Any]:
    """68 points with the eyes' corners ``size`` apart, the nose's base and the mouth."""
    points = np.zeros((68, 2))
    points[36:42], points[42:48] = (-0.35, 0), (0.35, 0)
    points[36], points[45] = (-0.5, 0), (0.5, 0)
    points[33], points[48:68] = (0, 0.52), (0, 0.9)
    return (points * size @ rotation(roll).T + centre).astype(np.float32)


def test_the_patch_does_not_move_with_the_jaw() -> None:
    shut, wide = face(), face()
    wide[6:11, 1] += 60
    wide[55:60, 1] += 50
    assert mouth_crop(wide).side == mouth_crop(shut).side
    assert abs(mouth_crop(wide).y - mouth_crop(shut).y) < 3


@pytest.mark.parametrize("roll", [-35, 0, 50])
def test_the_patch_is_below_the_nose_along_the_face(roll: float) -> None:
    points = face(roll=roll)
    grey = np.zeros((400, 480), np.uint8)
    x, y = points[33] + rotation(roll) @ (0, 45)
    grey[int(y) - 3 : int(y) + 4, int(x) - 3 : int(x) + 4] = 255
    patch = mouth_patch(grey, points)
    assert patch is not None
    rows, columns = np.nonzero(patch > 100)
    assert (columns.mean(), rows.mean()) == pytest.approx(((SIZE - 1) / 2, (SIZE - 1) / 2), abs=1.5)


def test_a_turned_head_does_not_zoom_the_patch() -> None:
    turned = face()
    turned[:, 0] = (turned[:, 0] - 240) * 0.5 + 240
    assert mouth_crop(turned).side == pytest.approx(mouth_crop(face()).side, rel=0.05)


def test_small_faces_and_mouths_outside_the_picture_have_no_patch() -> None:
    grey = np.full((400, 480), 90, np.uint8)
    assert mouth_patch(grey, face(size=15)) is None
    assert mouth_patch(grey, face(centre=(240, 350))) is None
    assert mouth_patch(grey, face(centre=(-30, 150))) is None
    patch = mouth_patch(grey, face())
    assert patch is not None
    assert patch.shape == (SIZE, SIZE)


def test_no_patch_and_darkness_are_unknown(net: MouthNet) -> None:
    assert net.yawn(None) is None
    assert net.yawn(np.zeros((SIZE, SIZE), np.uint8)) is None


def test_a_smile_is_no_yawn_and_a_cover_is_unknown(net: MouthNet, portrait: npt.NDArray[Any]) -> None:
    locator = LandmarkNet(find_model("landmarks"))
    first = locator.locate(portrait, Crop.around_box(Box(147, 116, 166, 192)))
    points = locator.locate(portrait, Crop.around_landmarks(first.points)).points
    smiling = net.yawn(mouth_patch(portrait, points))
    assert smiling is not None
    assert smiling < 0.3
    covered = portrait.copy()
    x, y = points[48:68].mean(0).astype(int)
    covered[y - 35 : y + 60, x - 60 : x + 60] = 160
    assert net.yawn(mouth_patch(covered, points)) is None


def test_golden_probabilities(net: MouthNet, drawn: npt.NDArray[Any]) -> None:
    """Runtimes and processors differ by up to 4 INT8 steps of 1/256 in each of two probabilities."""
    points = face(size=96.0, centre=(320.0, 229.0))
    assert net.yawn(mouth_patch(drawn, points)) == pytest.approx(GOLDEN, abs=0.03)


GOLDEN = 0.139
"""From the shipped file on tflite-runtime 2.14 and x86-64."""


def test_another_model_is_refused() -> None:
    other = find_model("eyes")
    with pytest.raises(UserError, match="48x48x1"):
        MouthNet(ModelFile("mouth", other.path, other.card))
