"""How the faces of FER2013 are divided for training.

Takes the rows with Usage ``Training``, gives those to learn from and those to choose by. Never sees the other rows.
"""

import numpy as np

from dms.evaluate.layouts import Expressions


def split(faces: Expressions, one_in: int) -> tuple[Expressions, Expressions]:
    """What is learned from, and the one in so many that is held out; the same faces each time."""
    held_out = np.random.default_rng(0).permutation(len(faces.labels)) < len(faces.labels) // one_in
    return faces.where(~held_out), faces.where(held_out)
