"""Edges of lids that are down."""

import numpy as np
import numpy.typing as npt
import pytest

from dms.models import find_model
from dms.perception.lid_edges import DIRECTIONS, LENGTH, SIDE, LidEdges

GOLDEN = [(20, 0.2329), (50, 0.7241), (110, 0.8007), (150, 0.483)]
"""Degrees and answers, on x86-64."""


def patch(level: float, contrast: float) -> npt.NDArray[np.uint8]:
    """A dark line across a light lid, low in the patch."""
    drawn = np.full((SIDE, SIDE), level, np.float64)
    drawn[20:23] -= contrast
    return drawn.astype(np.uint8)


def one_direction(bin_: int) -> LidEdges:
    """Edges of one direction make lids lowered, all others shut."""
    weights = np.full(LENGTH, -1.0)
    weights[bin_::DIRECTIONS] = 1.0
    return LidEdges([*weights, 0.0])


def test_the_direction_of_edges_decides() -> None:
    along, across = patch(200, 90), patch(200, 90).T.copy()
    half = DIRECTIONS // 2
    assert one_direction(half).lowered(along) > 0.5 > one_direction(half).lowered(across)
    assert one_direction(0).lowered(along) < one_direction(0).lowered(across)


def test_contrast_and_light_change_little() -> None:
    edges = one_direction(DIRECTIONS // 2)
    assert edges.lowered(patch(120, 30)) == pytest.approx(edges.lowered(patch(200, 120)), abs=0.05)


@pytest.mark.parametrize("bias", [-1e4, 0.0, 1e4])
def test_it_is_a_probability(bias: float) -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (SIDE, SIDE), np.uint8)
    assert 0.0 <= LidEdges([*rng.normal(0, 1, LENGTH), bias]).lowered(noise) <= 1.0


def test_another_number_of_weights_is_refused() -> None:
    with pytest.raises(ValueError, match=f"{LENGTH + 1} weights, not {LENGTH}"):
        LidEdges([0.0] * LENGTH)


def waves(degrees: float) -> npt.NDArray[np.uint8]:
    """Waves in one direction, stronger below."""
    y, x = np.mgrid[:SIDE, :SIDE]
    along = x * np.cos(np.radians(degrees)) + y * np.sin(np.radians(degrees))
    return np.asarray(128 + (20 + 2 * y) * np.sin(along / 2.5), np.float64).astype(np.uint8)


@pytest.mark.parametrize(("degrees", "lowered"), GOLDEN)
def test_golden_answers_of_the_shipped_weights(degrees: float, lowered: float) -> None:
    """Another way to count edges needs other weights."""
    edges = LidEdges(find_model("lids").weights("lid_edges", LENGTH + 1))
    assert edges.lowered(waves(degrees)) == pytest.approx(lowered, abs=2e-3)
