"""What the edges in an eye patch say of lids that are down: lowered to look down, or shut.

Takes patches as ``eyes.normalise`` gives them, gives a probability. A histogram of oriented gradients (Dalal & Triggs
2005) and a logistic regression on it, whose weights stand in the card of the eye net. Each block of cells is brought to
one contrast, so that it knows dim and flat pictures where the net's own second output errs; clear ones it knows less.
"""

from collections.abc import Sequence
from math import exp

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]

SIDE, BLOCK, CELL, DIRECTIONS = 32, 16, 8, 9
"""Of a patch, of the blocks that are brought to one contrast, of their cells, in pixels; and bins of half a turn."""
LENGTH = ((SIDE - BLOCK) // CELL + 1) ** 2 * (BLOCK // CELL) ** 2 * DIRECTIONS
"""Numbers that describe a patch."""


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
        self._descriptor = descriptor()

    def lowered(self, upright: Picture) -> float:
        """Return the probability in 0..1 that the lids in a (32, 32) uint8 patch, which are down, are lowered."""
        logit = float(self._weights @ describe(upright, self._descriptor)) + self._bias
        return 1 / (1 + exp(-logit)) if logit > -50 else 0.0


def descriptor() -> cv2.HOGDescriptor:
    """Return what describes a patch by ``LENGTH`` numbers."""
    return cv2.HOGDescriptor((SIDE, SIDE), (BLOCK, BLOCK), (CELL, CELL), (CELL, CELL), DIRECTIONS)


def describe(upright: Picture, by: cv2.HOGDescriptor) -> npt.NDArray[np.float32]:
    """Return the (LENGTH,) numbers in 0..1 that describe a (32, 32) uint8 patch."""
    return np.asarray(by.compute(upright), np.float32).ravel()
