"""Patches of lids that are down, shut or lowered, by person, from which ``lids`` learns.

Takes a folder with a sub-folder for each of ``STATES``, gives patches drawn so that people count much alike.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dms.datasets.pictures import find_pictures, person_of, read_grey
from dms.errors import UserError
from dms.evaluate.eyes import resize
from dms.training.augment import Picture

MOST_OF_ONE = 2.5
"""A person counts by the square root of their patches, and no more than this."""

STATES = ("closed", "down")
"""What the lids do: shut, or lowered to look down."""


class Lids:
    """Patches of one state of the lids, drawn by person.

    Args:
        images: (N, 32, 32) grey patches.
        people: (N,) whose they are.

    Raises:
        UserError: There are none.
    """

    def __init__(self, images: Picture, people: npt.NDArray[np.str_]) -> None:
        if not len(images):
            raise UserError("lids of one person alone teach nothing: nobody is left")
        self.images, self.people = images, people
        _, which, counts = np.unique(people, return_inverse=True, return_counts=True)
        weights = (np.minimum(np.sqrt(counts), MOST_OF_ONE) / counts)[which]
        self._weights = weights / weights.sum()

    @classmethod
    def read(cls, folder: Path) -> "Lids":
        """Read the pictures of one state.

        Raises:
            UserError: The folder has none.
        """
        files = find_pictures(folder)
        if not files:
            raise UserError(f"{folder} holds no picture")
        people = np.array([person_of(file) for file in files])
        return cls(np.stack([resize(read_grey(file)) for file in files]), people)

    def without(self, person: str) -> "Lids":
        """Everybody else's."""
        others = self.people != person
        return Lids(self.images[others], self.people[others])

    def of(self, person: str) -> Picture:
        """One person's patches, none if there are none."""
        return np.asarray(self.images[self.people == person])

    def draw(self, count: int, rng: np.random.Generator) -> Picture:
        """Draw patches, people alike."""
        return np.asarray(self.images[rng.choice(len(self.images), count, p=self._weights)])


def who(names: Sequence[str], lids: Mapping[str, Lids]) -> list[str]:
    """The people that are named: by their clip too, whatever stands between its words and if more of them follow.

    Raises:
        UserError: Nobody has that name.
    """
    people = sorted({str(person) for one in lids.values() for person in one.people})
    named = []
    for name in names:
        clip = re.sub(r"[-_]", ".", name)
        found = [person for person in people if f"{clip}.".startswith(f"{person}.")]
        if not found:
            raise UserError(f"--leave-out {name}: nobody has that name: {', '.join(people)}")
        named.append(max(found, key=len))
    return list(dict.fromkeys(named))
