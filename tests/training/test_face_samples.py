from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.observation import Box
from dms.perception.face import COLUMNS, HEIGHT, ROWS, WIDTH, decode, overlap
from dms.training.faces import FacePicture, pyramid
from dms.training.samples.face import Scene, SceneMaker, empty_scene, encode, whole_picture, write_empty


def scene(*boxes: tuple[float, float, float, float], known: bool = True) -> Scene:
    return Scene(
        np.zeros((HEIGHT, WIDTH), np.uint8), np.array(boxes, np.float32).reshape(-1, 4), np.full((ROWS, COLUMNS), known)
    )


@settings(max_examples=100)
@given(st.floats(0, WIDTH - 1), st.floats(0, HEIGHT - 1), st.floats(14, 100), st.floats(16, 112))
def test_what_is_encoded_is_decoded(x: float, y: float, width: int, height: int) -> None:
    target = encode(scene((x - width / 2, y - height / 2, width, height)))
    found = decode(target.heat, target.boxes, 0.99)
    if not target.heat.any():
        # cut off by the edge: neither wanted nor forbidden
        assert target.known[int(y // 8), int(x // 8)] == 0
        return
    assert len(found) == 1
    assert overlap(found[0].box, Box(x - width / 2, y - height / 2, width, height)) == pytest.approx(1, abs=1e-3)


def test_every_cell_that_is_weighted_points_to_the_same_box() -> None:
    box = (60.0, 30.0, 40.0, 50.0)
    target = encode(scene(box))
    for row, column in zip(*np.nonzero(target.weights), strict=True):
        heat = np.zeros((ROWS, COLUMNS), np.float32)
        heat[row, column] = 1
        (found,) = decode(heat, target.boxes)
        assert overlap(found.box, Box(*box)) == pytest.approx(1, abs=1e-3)
    assert (target.weights > 0).sum() >= 4


def test_two_faces_are_two_peaks() -> None:
    target = encode(scene((10, 20, 30, 40), (100, 60, 30, 40)))
    assert (target.heat == 1).sum() == 2


def test_tiny_faces_are_neither_wanted_nor_forbidden() -> None:
    target = encode(scene((60, 60, 6, 8)))
    assert not target.heat.any()
    assert target.known[7, 7] == 0
    assert target.known[0, 0] == 1


def test_what_is_not_known_stays_so_away_from_faces() -> None:
    target = encode(scene((60, 40, 40, 50), known=False))
    assert target.known[0, 0] == 0
    assert target.known[8, 10] == 1


@pytest.fixture
def driver() -> FacePicture:
    grey = np.random.default_rng(0).integers(0, 256, (240, 320)).astype(np.uint8)
    outline = np.array([(120, 70), (200, 70), (200, 170), (120, 170)], np.float32)
    points = np.random.default_rng(1).uniform((120, 70), (200, 170), (68, 2)).astype(np.float32)
    return FacePicture(pyramid(grey), (points,), (outline,), False, "1", 0, True)


def test_the_whole_picture_is_letter_boxed_with_its_box(driver: FacePicture) -> None:
    whole = whole_picture(driver)
    assert whole.picture.shape == (HEIGHT, WIDTH)
    assert whole.boxes[0] == pytest.approx([60, 35, 40, 50], abs=0.6)


def test_scenes_are_made_by_the_generator_alone(driver: FacePicture) -> None:
    maker = SceneMaker([driver])
    first, second = ([maker.scene(np.random.default_rng(s)) for s in range(20)] for _ in range(2))
    assert all(np.array_equal(a.picture, b.picture) for a, b in zip(first, second, strict=True))
    assert {len(s.boxes) for s in first} == {0, 1}
    assert all(s.picture.shape == (HEIGHT, WIDTH) and s.picture.dtype == np.uint8 for s in first)


def test_empty_scenes_have_no_face_and_say_how_sure_that_is(driver: FacePicture) -> None:
    rng = np.random.default_rng(3)
    assert all(len(s.boxes) == 0 and s.known.all() for s in (empty_scene([driver], rng) for _ in range(10)))
    crowd = FacePicture(driver.levels, driver.points, driver.outlines, None, "x", 0, False)
    assert not any(s.known.all() for s in (empty_scene([crowd], rng) for _ in range(5)))


def test_written_windows_miss_every_face(driver: FacePicture, tmp_path: Path) -> None:
    # the face is the only bright thing in the picture
    grey = np.zeros((240, 320), np.uint8)
    grey[72:169, 122:199] = 255
    bright = FacePicture(pyramid(grey), driver.points, driver.outlines, None, "1", 0, True)
    write_empty([bright], tmp_path / "empty", 12, np.random.default_rng(0))
    files = sorted((tmp_path / "empty").iterdir())
    assert [f.name for f in files] == [f"{i:05d}.png" for i in range(12)]
    assert all(cv2.imread(str(f), cv2.IMREAD_GRAYSCALE).max() < 30 for f in files)
