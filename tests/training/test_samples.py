from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dms.perception.landmarks import SIZE, Crop
from dms.training.faces import FacePicture, mirrored_order, pyramid
from dms.training.samples.landmarks import Sampler, cropped, shaken, with_face, without_face
from dms.training.samples.mouth import MouthMaker, driver_mouths, lip_gap, plain_patch, shut_mouths


def face_points() -> npt.NDArray[Any]:
    """68 points roughly as a face of 100 px has them, symmetric about x = 160."""
    points = np.zeros((68, 2))
    angle = np.linspace(-1.5, 1.5, 17)
    points[:17] = np.stack([45 * np.sin(angle), 50 * np.cos(angle)], 1)
    points[17:27] = np.stack([np.linspace(-35, 35, 10), np.full(10, -30)], 1)
    points[27:31, 1] = np.linspace(-20, 5, 4)
    points[31:36] = np.stack([np.linspace(-8, 8, 5), np.full(5, 10)], 1)
    for start, x in ((36, -20), (42, 20)):
        points[start : start + 6] = np.array([(-8, 0), (-3, -3), (3, -3), (8, 0), (3, 3), (-3, 3)]) + np.array([x, -18])
    turn = np.radians(np.arange(180, 540, 30))
    points[48:60] = np.stack([18 * np.cos(turn), 8 * np.sin(turn) + 26], 1)
    turn = np.radians(np.arange(180, 540, 45))
    points[60:68] = np.stack([14 * np.cos(turn), 1 * np.sin(turn) + 26], 1)
    return np.asarray(points + np.array([160, 120]), np.float32)


def picture(yawn: bool | None = None, source: int = 0, complete: bool = False) -> FacePicture:
    grey = np.random.default_rng(source).integers(60, 200, (240, 320)).astype(np.uint8)
    points = face_points()
    return FacePicture(pyramid(grey), (points,), (points,), yawn, "g", source, complete)


def test_a_crop_that_nothing_shakes_shows_the_face_upright_in_the_middle() -> None:
    given = picture()

    class Still(np.random.Generator):
        """Never mirrors, never stretches."""

        def random(self, *_args: Any, **_names: Any) -> Any:
            return 0.9

        def normal(self, *_args: Any, **_names: Any) -> Any:
            return 0.0

    patch, points = cropped(given, Crop.around_landmarks(given.points[0]), given.points[0], Still(np.random.PCG64(0)))
    assert patch.shape == (SIZE, SIZE)
    assert points[27, 0] == pytest.approx((SIZE - 1) / 2, abs=1.5)
    assert np.ptp(points[:, 1]) < SIZE


def test_mirrored_crops_keep_left_and_right_apart() -> None:
    given = picture()
    for seed in range(20):
        sample = with_face(given, np.random.default_rng(seed))
        # the driver's right eye stays on the image's left unless the crop is upside down, which it never is
        assert sample.points[36:42, 0].mean() < sample.points[42:48, 0].mean()
        assert sample.face == 1
        assert sample.weights.min() > 0


def test_crops_are_off_by_no_more_than_the_service_survives() -> None:
    crop, rng = Crop.around_landmarks(face_points()), np.random.default_rng(0)
    moved = [shaken(crop, rng) for _ in range(300)]
    assert max(abs(m.x - crop.x) for m in moved) < 0.25 * crop.side
    assert max(m.side for m in moved) < 1.4 * crop.side
    assert max(abs(m.roll - crop.roll) for m in moved) < 45


def test_pseudo_landmarks_teach_no_jaw() -> None:
    sample = with_face(picture(source=2, complete=True), np.random.default_rng(0))
    assert sample.weights[:17].max() == 0
    assert 0 < sample.weights[17:].max() < 1


def test_crops_without_a_face_have_no_points() -> None:
    samples = [without_face(picture(), np.random.default_rng(seed)) for seed in range(30)]
    assert {s.face for s in samples} == {0.0}
    assert all(s.weights.max() == 0 for s in samples)


def test_the_accurate_table_gives_the_largest_share() -> None:
    sampler = Sampler([picture(source=0), picture(source=1), picture(source=2, complete=True)], no_face=0.0)
    samples = list(sampler.samples(np.random.default_rng(0), 400))
    accurate = np.mean([s.weights[0] == 1 for s in samples])
    assert accurate == pytest.approx(0.5, abs=0.08)


def test_order_of_mirrored_points_fits_the_face() -> None:
    points: npt.NDArray[np.float32] = face_points() - np.array([160, 0], np.float32)
    assert (points * (-1, 1))[mirrored_order()] == pytest.approx(points, abs=1e-4)


def test_lips_apart_are_no_example_of_a_shut_mouth() -> None:
    wide = picture()
    wide.points[0][[65, 66, 67], 1] += 30
    assert lip_gap(picture().points[0]) < 0.1 < lip_gap(wide.points[0])
    assert len(shut_mouths([picture(), wide])) == 1


def test_mouths_come_in_three_kinds() -> None:
    drivers = driver_mouths([picture(True, complete=True), picture(False, complete=True), picture(None)])
    assert [m.yawn for m in drivers] == [True, False]
    maker, rng = MouthMaker(drivers, shut_mouths([picture()])), np.random.default_rng(0)
    kinds = [maker.sample(rng)[1] for _ in range(200)]
    assert {0, 1, 2} == set(kinds)
    assert plain_patch(drivers[0]).shape == (48, 48)
