from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.config import PerceptionSettings
from dms.errors import UserError
from dms.models import ModelFile, find_model
from dms.observation import Box
from dms.perception.face import (
    COLUMNS,
    HEIGHT,
    ROWS,
    WIDTH,
    Detection,
    FaceDetector,
    decode,
    letter_boxed,
    overlap,
    same_person,
    select_driver,
)


@pytest.fixture(scope="module")
def finder() -> FaceDetector:
    return FaceDetector(find_model("face"))


boxes = st.builds(Box, *[st.floats(-50, 200)] * 2, *[st.floats(1, 150)] * 2)


@settings(max_examples=60)
@given(boxes, boxes)
def test_overlap_is_symmetric_and_a_share(a: Box, b: Box) -> None:
    assert overlap(a, b) == pytest.approx(overlap(b, a))
    assert 0 <= overlap(a, b) <= 1 + 1e-9
    assert overlap(a, a) == pytest.approx(1)


def test_overlap_of_a_half() -> None:
    assert overlap(Box(0, 0, 10, 10), Box(5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert overlap(Box(0, 0, 10, 10), Box(10, 0, 10, 10)) == 0


@pytest.mark.parametrize(("width", "height"), [(640, 480), (960, 540), (540, 960), (400, 300), (90, 50), (33, 700)])
def test_letter_box_keeps_the_shape_and_says_where_it_is(width: int, height: int) -> None:
    grey = np.full((height, width), 200, np.uint8)
    picture, scale, left, top = letter_boxed(grey)
    assert picture.shape == (HEIGHT, WIDTH)
    rows, columns = np.nonzero(picture)
    assert (columns.min(), rows.min()) == (left, top)
    assert np.ptp(columns) + 1 == pytest.approx(width * scale, abs=1)
    assert np.ptp(rows) + 1 == pytest.approx(height * scale, abs=1)
    # it fills the picture one way, and is in the middle the other way
    assert min(left, top) == 0
    assert left == pytest.approx(WIDTH - 1 - columns.max(), abs=1)


def maps(*peaks: tuple[int, int, float]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    heat = np.zeros((ROWS, COLUMNS), np.float32)
    for row, column, score in peaks:
        heat[row, column] = score
    return heat, np.zeros((ROWS, COLUMNS, 4), np.float32)


def test_peaks_come_out_as_boxes_best_first() -> None:
    heat, sizes = maps((3, 4, 0.6), (10, 15, 0.9))
    sizes[10, 15] = (0.25, -0.5, np.log(2), np.log(0.5))
    best, second = decode(heat, sizes)
    assert best.score == pytest.approx(0.9)
    assert best.box.x + best.box.width / 2 == pytest.approx((15.5 + 0.25) * 8)
    assert best.box.y + best.box.height / 2 == pytest.approx((10.5 - 0.5) * 8)
    assert (best.box.width, best.box.height) == pytest.approx((64, 20))
    assert second.box == Box(20, 8, 32, 40)


def test_cells_that_share_a_value_are_one_face() -> None:
    assert len(decode(*maps((5, 5, 0.7), (5, 6, 0.7), (6, 5, 0.7)))) == 1


def test_weak_peaks_are_not_faces() -> None:
    assert decode(*maps((5, 5, 0.15))) == []
    assert len(decode(*maps((5, 5, 0.15)), least_score=0.1)) == 1


DRIVER = Detection(Box(100, 100, 100, 130), 0.8)
PASSENGER = Detection(Box(400, 60, 120, 150), 0.95)


def test_without_a_past_the_largest_face_drives() -> None:
    assert select_driver([PASSENGER, DRIVER], (480, 640), PerceptionSettings(), None) is PASSENGER


def test_a_face_seen_before_goes_on_driving() -> None:
    assert select_driver([PASSENGER, DRIVER], (480, 640), PerceptionSettings(), Box(110, 105, 100, 130)) is DRIVER


def test_a_passenger_is_not_the_driver_come_back() -> None:
    assert select_driver([PASSENGER], (480, 640), PerceptionSettings(), DRIVER.box) is None


@pytest.mark.parametrize(
    ("box", "same"),
    [
        (Box(150, 140, 100, 130), True),
        (Box(80, 60, 180, 230), True),
        (Box(300, 100, 100, 130), False),
        (Box(120, 120, 40, 50), False),
    ],
    ids=["moved by half a face", "leans to the camera", "the next seat", "a face in the back"],
)
def test_the_same_person_is_near_and_about_as_large(box: Box, same: bool) -> None:
    assert same_person(box, DRIVER.box) is same


def test_faces_outside_the_region_are_passengers() -> None:
    left_half = PerceptionSettings(region=(0.0, 0.0, 0.5, 1.0))
    assert select_driver([PASSENGER, DRIVER], (480, 640), left_half, None) is DRIVER
    assert select_driver([PASSENGER], (480, 640), left_half, PASSENGER.box) is None


def test_a_low_score_is_no_face() -> None:
    assert select_driver([DRIVER], (480, 640), PerceptionSettings(face_score=0.9), None) is None
    assert select_driver([], (480, 640), PerceptionSettings(), None) is None


def test_finds_the_portrait(finder: FaceDetector, portrait: npt.NDArray[np.uint8]) -> None:
    found = finder.find(portrait)
    assert len([d for d in found if d.score >= 0.5]) == 1
    assert overlap(found[0].box, Box(147, 116, 166, 192)) > 0.75


@pytest.mark.parametrize("scale", [0.5, 1.7])
def test_boxes_are_in_pixels_of_the_frame(finder: FaceDetector, portrait: npt.NDArray[np.uint8], scale: float) -> None:
    first = finder.find(portrait)[0].box
    resized = np.asarray(cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    second = finder.find(resized)[0].box
    assert overlap(Box(*(v * scale for v in (first.x, first.y, first.width, first.height))), second) > 0.85


def test_finds_the_portrait_in_an_upright_frame(finder: FaceDetector, portrait: npt.NDArray[np.uint8]) -> None:
    upright = portrait[:, 105:355]
    box = finder.find(upright)[0].box
    assert overlap(Box(box.x + 105, box.y, box.width, box.height), finder.find(portrait)[0].box) > 0.7


def test_finds_it_mirrored_and_in_poor_light(finder: FaceDetector, portrait: npt.NDArray[np.uint8]) -> None:
    box = finder.find(portrait)[0].box
    mirrored = finder.find(np.ascontiguousarray(portrait[:, ::-1]))[0].box
    assert mirrored.x == pytest.approx(480 - box.x - box.width, abs=12)
    assert overlap(finder.find((portrait // 5).astype(np.uint8))[0].box, box) > 0.7


def test_golden_face(finder: FaceDetector, drawn: npt.NDArray[Any]) -> None:
    """Runtimes and processors differ by up to 4 INT8 steps: of 1/256 in the score, of 0.014 in cells and logarithms."""
    (found,) = [d for d in finder.find(drawn) if d.score > 0.4]
    assert found.score == pytest.approx(0.664, abs=4 / 256)
    assert overlap(found.box, Box(241.1, 166.4, 156.3, 189.5)) > 0.88


def test_finds_nobody_where_nobody_is(finder: FaceDetector) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (480, 640)).astype(np.uint8)
    ramp = np.broadcast_to(np.linspace(0, 255, 640), (480, 640)).astype(np.uint8)
    for empty in (np.zeros((480, 640), np.uint8), noise, ramp):
        assert [d for d in finder.find(empty) if d.score >= 0.5] == []


def test_another_model_is_refused() -> None:
    other = find_model("eyes")
    with pytest.raises(UserError, match="120x160x1"):
        FaceDetector(ModelFile("face", other.path, other.card))
