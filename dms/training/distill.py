"""What a net answers itself, as something to learn from.

Labels of faces are often doubtful or wrong. A net's mean answer over changed and mirrored versions of a picture is
steadier than a label, and a net that learns from such answers (data distillation, Radosavovic et al. 2018) does better
than one that learns from labels alone.
"""

import numpy as np
import numpy.typing as npt
import torch

from dms.training import augment
from dms.training.augment import Picture
from dms.training.fit import predict
from dms.training.progress import bars

VIEWS = 6
"""Changed versions of each picture whose answers are averaged, each with its mirror image."""

# little: what a stronger change hides from the net would be missing from its answer
VIEW = augment.affine(degrees=5, scale=0.05, shift=0.03, aspect=0.02)


def mean_answers(model: object, images: Picture, rng: np.random.Generator) -> list[npt.NDArray[np.float32]]:
    """Return the mean probabilities over changed versions of each picture and their mirror images.

    Args:
        model: Keras model whose outputs are logits.
        images: (N, height, width) uint8.
        rng: Chooses the changes.

    Returns:
        One (N, classes) array per output.
    """
    sums: list[npt.NDArray[np.float32]] = []
    with bars() as progress:
        for _ in progress.track(range(VIEWS), description="the net's own answers"):
            view = augment.augment_all(images, VIEW, rng)
            for pictures in (view, np.ascontiguousarray(view[:, :, ::-1])):
                answers = [torch.softmax(torch.tensor(head), 1).numpy() for head in predict(model, pictures)]
                sums = [a + b for a, b in zip(sums, answers, strict=True)] if sums else answers
    return [total / (2 * VIEWS) for total in sums]
