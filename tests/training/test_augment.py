from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dms.training import augment

EVERY = {
    "affine": augment.affine(20, 0.3, 0.1, 0.1),
    "mirror": augment.mirror(1.0),
    "light": augment.light(0.5, 0.5, 0.2),
    "low_light": augment.low_light(0.2),
    "shadow": augment.shadow(0.8),
    "gaussian_blur": augment.gaussian_blur(2),
    "motion_blur": augment.motion_blur(7),
    "downscale": augment.downscale(0.3),
    "jpeg": augment.jpeg(30),
    "noise": augment.noise(10),
    "cut_out": augment.cut_out(0.4),
    "glint": augment.glint(3),
}


@pytest.fixture
def picture() -> npt.NDArray[Any]:
    y, x = np.mgrid[:40, :48]
    return np.asarray(128 + 60 * np.sin(x / 5) + 50 * np.cos(y / 4), np.float64).astype(np.uint8)


@pytest.mark.parametrize("name", EVERY)
def test_keeps_shape_and_type_and_leaves_its_input_alone(name: str, picture: npt.NDArray[Any]) -> None:
    before = picture.copy()
    for seed in range(5):
        changed = EVERY[name](picture, np.random.default_rng(seed))
        assert changed.shape == picture.shape
        assert changed.dtype == np.uint8
    assert np.array_equal(picture, before)


@pytest.mark.parametrize("name", EVERY)
def test_the_generator_decides_everything(name: str, picture: npt.NDArray[Any]) -> None:
    first, second = (EVERY[name](picture, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, picture)


def test_affine_without_strength_changes_nothing(picture: npt.NDArray[Any]) -> None:
    assert np.array_equal(augment.affine(0, 0, 0)(picture, np.random.default_rng(0)), picture)


def test_mirror_swaps_left_and_right(picture: npt.NDArray[Any]) -> None:
    assert np.array_equal(augment.mirror(1.0)(picture, np.random.default_rng(0)), picture[:, ::-1])


def test_sometimes_follows_its_probability(picture: npt.NDArray[Any]) -> None:
    never, always = augment.sometimes(0.0, EVERY["mirror"]), augment.sometimes(1.0, EVERY["mirror"])
    assert np.array_equal(never(picture, np.random.default_rng(0)), picture)
    assert not np.array_equal(always(picture, np.random.default_rng(0)), picture)


def test_motion_blur_keeps_the_light(picture: npt.NDArray[Any]) -> None:
    changed = augment.motion_blur(7)(picture, np.random.default_rng(3))
    assert abs(float(changed.mean()) - float(picture.mean())) < 3


def test_low_light_darkens(picture: npt.NDArray[Any]) -> None:
    means = [augment.low_light(0.2)(picture, np.random.default_rng(s)).mean() for s in range(20)]
    assert max(means) <= picture.mean() + 3
    assert min(means) < 0.5 * picture.mean()
