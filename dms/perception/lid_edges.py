"""What the edges in an eye patch say of lids that are down: lowered to look down, or shut.

Takes patches as ``eyes.normalise`` gives them, gives a probability. A histogram of oriented gradients (Dalal & Triggs
2005) and a logistic regression on it, whose weights stand in the card of ``lids``. Each block of cells is brought to
one contrast, so that dim and flat pictures look like others; of clear ones the net knows more.
OpenCV 5 has no ``HOGDescriptor`` any more, but for its contributed modules.
"""

from collections.abc import Sequence
from math import exp, pi
from typing import Annotated

import cv2
import numpy as np
import numpy.typing as npt

from dms.config.constant import Constant

Picture = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]

SIDE, BLOCK, CELL, DIRECTIONS = 32, 16, 8, 9
"""Of a patch, of the blocks that are brought to one contrast, of their cells, in pixels; and bins of half a turn."""
STARTS = range(0, SIDE - BLOCK + 1, CELL)
"""Where blocks begin, from left to right and from top to bottom."""
LENGTH = len(STARTS) ** 2 * (BLOCK // CELL) ** 2 * DIRECTIONS
"""Numbers that describe a patch."""
CLIPPED: Annotated[float, Constant("share of a block", 0.05, 1.0, "Dalal & Triggs 2005")] = 0.2
"""Most that one direction in one cell counts for in its block; the weights were learned with it."""


class LidEdges:
    """Tells lowered lids from shut ones.

    Args:
        weights: One of each number that describes a patch, then the bias.

    Raises:
        ValueError: There is another number of weights.
    """

    def __init__(self, weights: Sequence[float]) -> None:
        if len(weights) != LENGTH + 1:
            raise ValueError(f"lid edges need {LENGTH + 1} weights, not {len(weights)}")
        self._weights = np.array(weights[:-1], np.float64)
        self._bias = float(weights[-1])
        self._describe = Descriptor()

    def lowered(self, upright: Picture) -> float:
        """Return the probability in 0..1 that the lids in a (32, 32) uint8 patch, which are down, are lowered."""
        logit = float(self._weights @ self._describe(upright)) + self._bias
        return 1 / (1 + exp(-logit)) if logit > -50 else 0.0


class Descriptor:
    """Describes patches by their edges."""

    def __init__(self) -> None:
        along = _shares()
        # (blocks and cells, pixels): what a pixel counts for in a cell of a block
        self._shares = np.einsum("aiy,bjx->abijyx", along, along).reshape(-1, SIDE * SIDE).astype(np.float32)
        self._pixels = np.arange(SIDE * SIDE) * DIRECTIONS

    def __call__(self, upright: Picture) -> FloatArray:
        """Return the (LENGTH,) numbers in 0..1 that describe a (32, 32) uint8 patch."""
        levels = np.sqrt(upright, dtype=np.float32)
        across = cv2.Sobel(levels, cv2.CV_32F, 1, 0, ksize=1, borderType=cv2.BORDER_REPLICATE)
        down = cv2.Sobel(levels, cv2.CV_32F, 0, 1, ksize=1, borderType=cv2.BORDER_REPLICATE)
        strength, angle = cv2.cartToPolar(across, down)
        strength, place = strength.ravel(), angle.ravel() * (DIRECTIONS / pi) - 0.5
        lower = np.floor(place)
        upper_share = (place - lower) * strength
        bins = lower.astype(np.int64) % DIRECTIONS
        votes = np.zeros(SIDE * SIDE * DIRECTIONS, np.float32)
        # each pixel has a row of its own, so that no place is written twice
        votes[self._pixels + bins] = strength - upper_share
        votes[self._pixels + (bins + 1) % DIRECTIONS] = upper_share
        cells = self._shares @ votes.reshape(-1, DIRECTIONS)
        blocks = _to_one_contrast(cells.reshape(len(STARTS) ** 2, -1))
        return np.asarray(_to_one_contrast(np.minimum(blocks, CLIPPED)), np.float32).ravel()


def _to_one_contrast(blocks: FloatArray) -> FloatArray:
    return np.asarray(blocks / (np.sqrt((blocks**2).sum(axis=1, keepdims=True)) + 1e-3), np.float32)


def _shares() -> FloatArray:
    """(blocks, cells, pixels) along one side: a pixel counts for the cells beside it, less towards a block's edge."""
    cells = BLOCK // CELL
    shares = np.zeros((len(STARTS), cells, SIDE), np.float32)
    inside = np.arange(BLOCK) + 0.5
    middle_weight = np.exp(-(((inside - BLOCK / 2) / (BLOCK / 4)) ** 2) / 2)
    for block, start in enumerate(STARTS):
        for cell in range(cells):
            near = np.maximum(0.0, 1 - np.abs(inside / CELL - (cell + 0.5)))
            shares[block, cell, start : start + BLOCK] = near * middle_weight
    return shares
