from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from dms.errors import UserError
from dms.models import ModelFile, find_model
from dms.perception.eyes import SIZE, EyeNet, Side, eye_patch, light, normalise
from dms.perception.face import FaceDetector
from dms.perception.landmarks import Crop, LandmarkNet

from .drawn import eye


def face_points(turn: float = 0.0, scale: float = 1.0, centre: tuple[float, float] = (100.0, 80.0)) -> npt.NDArray[Any]:
    """68 points of which only the eyes' corners matter, 30 px wide and 60 px apart before scaling."""
    points = np.zeros((68, 2), np.float32)
    points[[36, 39, 42, 45], 0] = (-45, -15, 15, 45)
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    return np.asarray(points @ np.array([[cos, sin], [-sin, cos]]) * scale + centre, np.float32)


def ramp(height: int = 160, width: int = 200) -> npt.NDArray[Any]:
    return np.broadcast_to(np.linspace(0, 255, width), (height, width)).astype(np.uint8)


def patch_of(grey: npt.NDArray[Any], points: npt.NDArray[Any], side: Side) -> npt.NDArray[np.uint8]:
    """The patch of an eye that is large enough to have one."""
    patch = eye_patch(grey, points, side)
    assert patch is not None
    return patch


@pytest.fixture(scope="module")
def net() -> EyeNet:
    return EyeNet(find_model("eyes"))


def test_a_doubtful_eye_is_judged_like_its_mirror_image(net: EyeNet) -> None:
    half_open = np.roll(eye(0.2), 2, axis=1)
    one, other = net.probabilities(half_open), net.probabilities(half_open[:, ::-1])
    assert one[:2].max() < 0.8, "the eye must be doubtful for this to be a test"
    assert one == pytest.approx(other)
    assert one.sum() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("side", Side)
def test_patch_is_centred_on_the_eye_and_in_scale(side: Side) -> None:
    points = face_points()
    centre_x = points[[42, 45] if side is Side.LEFT else [36, 39], 0].mean()
    patch = patch_of(ramp(), points, side).astype(float)
    assert patch.shape == (SIZE, SIZE)
    assert patch.mean() == pytest.approx(centre_x / 199 * 255, abs=2)
    # the patch spans 1.5 corner distances of 30 px on a ramp of 255 levels over 200 px
    assert patch[0, -1] - patch[0, 0] == pytest.approx(45 * 31 / 32 / 199 * 255, abs=3)


@pytest.mark.parametrize("turn", [-40, 25, 90])
def test_patch_turns_with_the_head(turn: float) -> None:
    points, grey = face_points(turn), np.zeros((160, 200), np.uint8)
    for i in (42, 45):
        x, y = points[i].round().astype(int)
        grey[y - 1 : y + 2, x - 1 : x + 2] = 255
    patch = patch_of(grey, points, Side.LEFT)
    rows, columns = np.nonzero(patch > 80)
    # both corners lie on the middle row, two thirds of the patch apart
    assert np.abs(rows - (SIZE - 1) / 2).max() < 3.5
    assert np.ptp(columns) == pytest.approx(SIZE / 1.5, abs=4)


def test_small_eyes_and_eyes_outside_the_picture_have_no_patch() -> None:
    assert eye_patch(ramp(), face_points(scale=0.2), Side.LEFT) is None
    assert eye_patch(ramp(), face_points(centre=(-60, 80)), Side.RIGHT) is None
    assert eye_patch(ramp(), face_points(centre=(199, 80)), Side.LEFT) is None


def test_no_patch_dark_and_flat_are_unknown(net: EyeNet) -> None:
    assert net.closed(None) is None
    assert net.closed(np.zeros((SIZE, SIZE), np.uint8)) is None
    assert net.closed(np.full((SIZE, SIZE), 120, np.uint8)) is None


def test_normalised_patches_do_not_depend_on_the_light() -> None:
    dim, bright = (normalise((eye(1.0) * k).astype(np.uint8)) for k in (0.25, 1.0))
    assert np.abs(dim.astype(int) - bright).max() <= 8
    assert light(bright)[0] == pytest.approx(128, abs=8)


def test_drawn_eyes_are_told_apart(net: EyeNet) -> None:
    wide, shut = net.closed(eye(1.0)), net.closed(eye(0.0))
    assert wide is not None
    assert shut is not None
    assert wide < 0.5 < shut


@pytest.mark.parametrize(
    ("answer", "blurred"), [((0.02, 0.95, 0.03), None), ((0.95, 0.02, 0.03), pytest.approx(0.02, abs=0.01))]
)
def test_a_patch_without_detail_is_no_shut_eye(
    net: EyeNet, monkeypatch: pytest.MonkeyPatch, answer: tuple[float, ...], blurred: float | None
) -> None:
    monkeypatch.setattr(net, "_asked", lambda upright: answer)
    drawn = eye(0.0)
    assert net.closed(np.asarray(cv2.GaussianBlur(drawn, (0, 0), 5), np.uint8)) == blurred
    assert net.closed(drawn) == pytest.approx(answer[1], abs=0.05)


@pytest.mark.parametrize(
    ("spotted", "filled", "closed"),
    [
        # both shut: as sure as the less sure of the two
        ((0.2, 0.8, 0.0), (0.05, 0.95, 0.0), 0.8),
        # an open eye behind a spot must not close: undecided at most
        ((0.9, 0.1, 0.0), (0.05, 0.95, 0.0), 0.5),
        ((0.3, 0.7, 0.0), (0.9, 0.1, 0.0), 0.4),
        # both open: their mean
        ((0.9, 0.1, 0.0), (0.7, 0.3, 0.0), 0.2),
        # whether the eye can be judged at all is what the spot leaves of it
        ((0.1, 0.0, 0.9), (0.9, 0.1, 0.0), None),
    ],
)
def test_an_eye_with_a_bright_spot_is_shut_only_if_it_is_without_it_too(
    net: EyeNet,
    monkeypatch: pytest.MonkeyPatch,
    spotted: tuple[float, ...],
    filled: tuple[float, ...],
    closed: float | None,
) -> None:
    patch = np.asarray(cv2.circle(eye(0.0), (16, 16), 3, (250,), -1), np.uint8)
    as_it_is = normalise(patch).tobytes()
    monkeypatch.setattr(net, "_asked", lambda asked: spotted if asked.tobytes() == as_it_is else filled)
    assert net.closed(patch) == (closed if closed is None else pytest.approx(closed))


def lens(patch: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A dark lens with a rim and a reflection over an eye."""
    dark = cv2.ellipse(patch.copy(), (16, 16), (15, 12), 0, 0, 360, (25,), -1)
    return cv2.ellipse(
        cv2.ellipse(dark, (16, 16), (15, 12), 0, 0, 360, (90,), 1), (11, 11), (4, 2), 0, 0, 360, (60,), -1
    )


def test_sunglasses_are_unknown_and_one_covered_eye_leaves_the_other(net: EyeNet, portrait: npt.NDArray[Any]) -> None:
    (face, *_) = FaceDetector(find_model("face")).find(portrait)
    points = LandmarkNet(find_model("landmarks")).locate(portrait, Crop.around_box(face.box)).points
    left, right = (patch_of(portrait, points, side) for side in (Side.LEFT, Side.RIGHT))
    assert all(closed is not None and closed < 0.5 for closed in net.look(left, right)[:2])
    assert net.look(lens(left), lens(right))[:2] == (None, None)
    hidden, seen, _ = net.look(lens(left), right)
    assert (hidden, seen) == (None, net.closed(right))
    assert net.look(None, right)[:2] == (None, net.closed(right))
    assert net.look(None, None)[:2] == (None, None)


def test_an_eye_that_the_nose_hides_says_nothing_about_the_other(net: EyeNet, monkeypatch: pytest.MonkeyPatch) -> None:
    near, hidden, shut = eye(1.0), eye(0.0), eye(0.5)
    answers = ((near, (0.8, 0.1, 0.1)), (hidden, (0.04, 0.01, 0.95)), (shut, (0.1, 0.7, 0.2)))
    says = {normalise(patch).tobytes(): answer for patch, answer in answers}
    monkeypatch.setattr(net, "_asked", lambda patch: says[patch.tobytes()])
    assert net.look(hidden, near)[:2] == (None, None)
    unknown, seen, _ = net.look(hidden, near, far=Side.LEFT)
    assert unknown is None
    assert seen == pytest.approx(1 / 9)
    assert net.look(hidden, near, far=Side.RIGHT)[:2] == (None, None)
    assert net.look(shut, near, far=Side.LEFT)[:2] == pytest.approx((7 / 8, 1 / 9))


@pytest.mark.parametrize("opening", [0.0, 0.2, 0.75, 1.0])
def test_golden_probabilities(net: EyeNet, opening: float) -> None:
    """Runtimes and processors differ by up to 5 INT8 steps of 1/256 (5 on aarch64, see docs/aarch64.md)."""
    probabilities = net.probabilities(eye(opening))
    assert probabilities == pytest.approx(np.array(GOLDEN[opening]) / 256, abs=5.5 / 256)
    assert probabilities.sum() == pytest.approx(1, abs=0.02)


def test_a_model_of_another_shape_is_refused() -> None:
    emotion = find_model("emotion")
    with pytest.raises(UserError, match="48x48x1"):
        EyeNet(ModelFile("eyes", emotion.path, emotion.card))


# steps of 1/256, from the shipped file on tflite-runtime 2.14 and x86-64
GOLDEN = {
    0.0: (3, 239, 14),
    0.2: (31, 221, 4),
    0.75: (253, 1, 2),
    1.0: (251, 1, 4),
}
