"""Bright spots over an eye are filled from beside them, and nothing else is."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms.perception.glare import SPOT_LEAST, without_spots

SIZE = 32
LID = np.broadcast_to(np.linspace(70, 150, SIZE)[:, None], (SIZE, SIZE)).astype(np.uint8)
"""Skin that is the same along each row."""


def spotted(centre: tuple[int, int], radius: int, level: int = 250) -> npt.NDArray[np.uint8]:
    return np.asarray(cv2.circle(LID.copy(), centre, radius, (level,), -1), np.uint8)


@pytest.mark.parametrize("radius", [1, 3, 6])
def test_a_lid_goes_on_under_a_spot(radius: int) -> None:
    patch = spotted((15, 17), radius)
    before = patch.copy()
    filled = without_spots(patch, float(patch.mean()))
    assert filled is not None
    assert np.array_equal(filled, LID)
    assert np.array_equal(patch, before)


@pytest.mark.parametrize(
    "patch",
    [
        LID,
        spotted((0, 16), 6),
        spotted((31, 31), 9),
        spotted((15, 17), 4, level=200),
        np.full((SIZE, SIZE), 255, np.uint8),
        np.zeros((SIZE, SIZE), np.uint8),
    ],
    ids=["plain skin", "light on the nose", "a window behind a profile", "light skin", "all white", "all black"],
)
def test_what_is_no_spot_stays(patch: npt.NDArray[np.uint8]) -> None:
    assert without_spots(patch, float(patch.mean())) is None


def test_the_light_that_every_eye_mirrors_stays() -> None:
    patch = LID.copy()
    patch[16, 14 : 14 + SPOT_LEAST - 1] = 255
    assert without_spots(patch, float(patch.mean())) is None


@given(seed=st.integers(0, 2**32 - 1), bright=st.floats(0, 0.6))
def test_no_patch_gets_a_level_that_it_did_not_have_in_that_row(seed: int, bright: float) -> None:
    rng = np.random.default_rng(seed)
    patch = rng.integers(0, 256, (SIZE, SIZE)).astype(np.uint8)
    patch[rng.random((SIZE, SIZE)) < bright] = 255
    filled = without_spots(patch, float(patch.mean()))
    if filled is not None:
        assert (filled.min(axis=1) >= patch.min(axis=1)).all()
        assert (filled.max(axis=1) <= patch.max(axis=1)).all()
