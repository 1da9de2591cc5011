"""Faces in folders, one for each class of expression, under the names that people give them.

Takes a folder, gives which label set its sub-folders belong to, and their pictures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dms.datasets.fer import FER2013, FERPLUS
from dms.datasets.pictures import find_pictures, person_of, read_grey, sub_folders
from dms.errors import UserError

LABELS: Mapping[str, Sequence[str]] = {"fer2013": FER2013, "ferplus": FERPLUS}
"""Classes of each label set: ``fer2013`` (original labels) and ``ferplus`` (majority of the votes)."""

_NAMES = {
    "anger": ("angry", "mad"),
    "disgust": ("disgusted",),
    "fear": ("fearful", "afraid", "scared"),
    "happiness": ("happy", "joy"),
    "sadness": ("sad",),
    "surprise": ("surprised",),
    "neutral": ("neutrality", "normal"),
    "contempt": ("contemptuous",),
}
"""Names that people give to the folders of ``FERPLUS``, with those of ``FER2013`` among them."""
_ALIKE = {other: FERPLUS.index(name) for name, others in _NAMES.items() for other in (name, *others)}

SAME = tuple(_ALIKE[name] for name in FER2013)
"""Which of ``FERPLUS`` each of ``FER2013`` is."""


@dataclass(frozen=True, slots=True)
class ClassFolder:
    """The pictures of one class.

    Attributes:
        folder: Where they are.
        label: Index of the class into ``LABELS`` of the label set.
    """

    folder: Path
    label: int


@dataclass(frozen=True, slots=True, eq=False)
class ExpressionFaces:
    """Faces of one expression each.

    Attributes:
        images: N pictures, (height, width) uint8, each of its own size.
        classes: (N,) int64 into ``FERPLUS``.
        groups: (N,) names; faces of one person share one, so that a split can go by person.
    """

    images: list[npt.NDArray[np.uint8]]
    classes: npt.NDArray[np.int64]
    groups: npt.NDArray[np.str_]

    def where(self, chosen: npt.NDArray[np.bool_]) -> "ExpressionFaces":
        """Return the faces where ``chosen`` is True."""
        images = [image for image, taken in zip(self.images, chosen, strict=True) if taken]
        return ExpressionFaces(images, self.classes[chosen], self.groups[chosen])


def class_folders(folder: Path) -> tuple[str, list[ClassFolder]]:
    """Return the label set that a folder's sub-folders are named after, and each of them with its class.

    Raises:
        UserError: They are named after none.
    """
    inside = sub_folders(folder)
    found = label_set_of([path.name for path in inside])
    if found is None:
        table = folder / "fer2013.csv"
        raise UserError(
            f"{folder} needs one sub-folder per class, named {', '.join(FER2013)} or {', '.join(FERPLUS)}; it has "
            f"{', '.join(p.name for p in inside) or 'none'}" + (f": give {table}" if table.is_file() else "")
        )
    label_set, labels = found
    return label_set, [ClassFolder(path, label) for path, label in zip(inside, labels, strict=True)]


def label_set_of(names: Sequence[str]) -> tuple[str, list[int]] | None:
    """Return the label set that names belong to, and their indices in it; None when they name something else too."""
    names = [name.lower() for name in names]
    for label_set, labels in LABELS.items():
        if names and set(names) <= set(labels):
            return label_set, [labels.index(name) for name in names]
    if not names or not set(names) <= set(_ALIKE):
        return None
    classes = [_ALIKE[name] for name in names]
    if FERPLUS.index("contempt") in classes:
        return "ferplus", classes
    return "fer2013", [SAME.index(index) for index in classes]


def read_expressions(folder: Path) -> ExpressionFaces:
    """Read a folder with one sub-folder per class; a file's person is its name before the first ``-`` or ``_``.

    Raises:
        UserError: The sub-folders are named after no label set or hold no picture, or a picture cannot be read.
    """
    label_set, inside = class_folders(folder)
    files = [(file, each.label) for each in inside for file in find_pictures(each.folder)]
    if not files:
        raise UserError(f"the sub-folders of {folder} hold no picture")
    classes = np.array([label for _, label in files])
    return ExpressionFaces(
        [read_grey(file) for file, _ in files],
        np.array(SAME)[classes] if label_set == "fer2013" else classes,
        np.array([person_of(file) for file, _ in files]),
    )
