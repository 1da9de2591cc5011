"""How each net of the papers is trained.

What a paper names is as it names it. What it leaves open (the size of a shift, a patience, a learning rate that is not
Adam's usual one) is chosen here and marked as ours.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dms.training import augment
from dms.training.augment import Augmentation
from dms.training.optim import Plateau
from dms.training.papers import nets


@dataclass(frozen=True, slots=True)
class System:
    """A net and how its paper trains it.

    Attributes:
        build: Returns the untrained net from a file of ImageNet weights, or None for a fresh start.
        epochs: Most passes over the training part.
        method: Optimiser, plateau schedule and early stopping.
        augmentation: Of each training face.
        batch: Faces per step.
    """

    build: Callable[[Path | None], Any]
    epochs: int
    method: Plateau
    augmentation: Augmentation
    batch: int = 32


def fresh(build: Callable[[], Any]) -> Callable[[Path | None], Any]:
    """Return a builder of a net that has no ImageNet weights to start from."""
    return lambda imagenet: build()


# the size of the shifts is ours
SAHOO = augment.affine(degrees=20, scale=0.0, shift=0.1)
VINOD = augment.chain(augment.affine(degrees=10, scale=0.1, shift=0.0), augment.mirror(), augment.gain(0.8, 1.2))
# Shinde et al., Patil, and Sharma & Tiwari name none that is reproducible; a mirror image is always a face
MIRROR = augment.mirror()

SYSTEMS: Mapping[str, System] = MappingProxyType(
    {
        "cnn10": System(fresh(nets.cnn10), 300, Plateau("adam", 1e-3), SAHOO),
        "cnn6": System(fresh(nets.cnn6), 300, Plateau("adam", 1e-3), SAHOO),
        "vgg16": System(nets.vgg16, 100, Plateau("adam", 1e-3), SAHOO),
        "cnn4": System(fresh(nets.cnn4), 50, Plateau("adam", 1e-3, stop_after=10), VINOD),
        "cnn4_mobilenet": System(nets.cnn4_mobilenet, 50, Plateau("adam", 1e-4, stop_after=10), VINOD),
        # the rate, both patiences and the factor are ours; at 1e-3 the wide dense layer dies in the first epoch
        "shinde": System(fresh(nets.shinde), 30, Plateau("adam", 1e-4, patience=3, factor=0.2, stop_after=8), MIRROR),
        "shinde_resnet": System(
            nets.shinde_resnet, 30, Plateau("adam", 1e-4, patience=3, factor=0.2, stop_after=8), MIRROR
        ),
        "thesis": System(fresh(nets.thesis), 25, Plateau("adam", 1e-3), MIRROR),
        # of the three optimisers that the paper compares; --optimiser takes another. The number of epochs is ours
        "resnet50_34": System(nets.resnet50_34, 50, Plateau("sgd", 1e-2, stop_after=10), MIRROR),
    }
)
"""The nets by name; ``svm`` has a module of its own."""
