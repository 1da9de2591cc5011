"""Divides labelled data into the parts for training, for validation and for the test.

Takes the names of groups (persons or scenes), or the rows of FER2013 with Usage ``Training``. The same name is in the
same part on every machine and in every run, because only a checksum of it decides. No group is ever in two parts.
"""

import zlib
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from dms.datasets.fer import Expressions


class Part(StrEnum):
    """What data is for: to learn from, to choose the epoch and the recipe by, or only to report on."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class GroupSplit:
    """A split by group: one group in ``one_in`` is for validation, one in as many for the test.

    Attributes:
        one_in: Number of equal shares, 3 or more.
        validation: The share, from 0, that is for validation.
        test: The share, from 0, that is for the test.
        salt: Put before each name. Another salt is another split.
    """

    one_in: int
    validation: int
    test: int
    salt: str = ""

    def part_of(self, group: str) -> Part:
        """Return the part of one group, from the CRC-32 of its name."""
        share = zlib.crc32(f"{self.salt}{group}".encode()) % self.one_in
        return Part.TEST if share == self.test else Part.VALIDATION if share == self.validation else Part.TRAIN


PEOPLE = GroupSplit(one_in=14, validation=7, test=0)
"""Of pictures of faces, by person."""

SCENES = GroupSplit(one_in=8, validation=4, test=0)
"""Of pictures with every face labelled, by scene."""

# the salt was chosen, before any training, so that infrared's ten subjects give a test part with both states
EYES = GroupSplit(one_in=10, validation=0, test=1, salt="3:")
"""Of eye patches, by person."""


def split(faces: Expressions, one_in: int) -> tuple[Expressions, Expressions]:
    """Split faces of FER2013, whose rows name no person.

    Args:
        faces: Those with Usage ``Training``.
        one_in: One face in so many is for validation.

    Returns:
        The faces to train on and those for validation, the same ones each time.
    """
    held_out = np.random.default_rng(0).permutation(len(faces.labels)) < len(faces.labels) // one_in
    return faces.where(~held_out), faces.where(held_out)
