"""FER2013 and FER+, as people have their files.

Takes ``fer2013.csv`` and ``fer2013new.csv``, gives arrays.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dms.datasets.tables import letters, rows_of
from dms.errors import UserError

FER2013 = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""FER2013's classes in the order of its labels (Goodfellow et al. 2013)."""

FERPLUS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
"""FER+'s classes in the order of its votes (Barsoum et al. 2016); ``unknown`` and ``NF`` (no face) follow them."""

_MOST_VOTES = 1000  # FER+ has ten raters


@dataclass(frozen=True, slots=True, eq=False)
class Expressions:
    """Faces with both of their label sets.

    Attributes:
        images: (N, 48, 48) uint8.
        labels: (N,) int64 into ``FER2013``.
        votes: (N, 10) int64: votes for ``FERPLUS``, unknown and NF; None without the second file.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    votes: npt.NDArray[np.int64] | None

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Expressions":
        """Return the faces where ``chosen`` is True."""
        return Expressions(self.images[chosen], self.labels[chosen], None if self.votes is None else self.votes[chosen])


def read_fer2013(fer2013: Path, usage: str, ferplus: Path | None = None) -> Expressions:
    """Read one part of FER2013, joined with FER+'s votes by the order of the part's rows.

    Args:
        fer2013: ``emotion,pixels,Usage`` with 2,304 pixels separated by blanks.
        usage: ``Training``, ``PublicTest`` or ``PrivateTest``.
        ferplus: ``Usage,Image name,neutral,...,NF``; its image names are not row numbers and are not used, but rows
            without one (no face) may be absent from the other file.

    Raises:
        UserError: A file is missing or not in this layout, or the two have different rows of this part.
    """
    images, labels = [], []
    usages: Counter[str] = Counter()
    for number, row in enumerate(rows_of(fer2013, ("emotion", "pixels", "Usage")), start=1):
        usages[row["usage"]] += 1
        if letters(row["usage"]) != letters(usage):
            continue
        images.append(_face(row["pixels"], f"{fer2013} row {number}"))
        labels.append(_whole(row["emotion"], len(FER2013) - 1, f"{fer2013} row {number}: emotion"))
    if not images:
        there = ", ".join(f"{count} with {name!r}" for name, count in usages.most_common(5))
        raise UserError(f"{fer2013} has no rows with Usage {usage}; it has {there or 'no row at all'}")
    votes = None if ferplus is None else _votes(ferplus, usage, fer2013, len(images))
    return Expressions(np.stack(images), np.array(labels), votes)


def _votes(ferplus: Path, usage: str, fer2013: Path, faces: int) -> npt.NDArray[np.int64]:
    """(faces, 10) votes for the rows of one part."""
    kinds = (*FERPLUS, "unknown", "NF")
    votes, named = [], []
    for number, row in enumerate(rows_of(ferplus, ("Usage", *kinds)), start=1):
        if letters(row["usage"]) == letters(usage):
            where = f"{ferplus} row {number}: votes for"
            votes.append([_whole(row[kind.lower()], _MOST_VOTES, f"{where} {kind}") for kind in kinds])
            named.append(bool(row.get("image name", "any")))
    if len(votes) != faces and sum(named) == faces:
        votes = [row for row, name in zip(votes, named, strict=True) if name]
    if len(votes) != faces:
        raise UserError(
            f"{ferplus} has {len(votes)} rows with Usage {usage} and {fer2013} {faces}: they must have the same rows"
        )
    return np.array(votes)


def _face(text: str, where: str) -> npt.NDArray[np.uint8]:
    try:
        pixels = np.fromstring(text, np.int32, sep=" ")
    except ValueError:
        pixels = np.empty(0, np.int32)
    if pixels.size != 48 * 48:
        raise UserError(f"{where} has {pixels.size} pixels, not 2304")
    if pixels.min() < 0 or pixels.max() > 255:
        raise UserError(f"{where} has pixels of {pixels.min()} to {pixels.max()}, not 0 to 255")
    return pixels.astype(np.uint8).reshape(48, 48)


def _whole(text: str, most: int, what: str) -> int:
    digits = text.removesuffix(".0")
    if not digits.isdecimal() or int(digits) > most:
        raise UserError(f"{what} must be 0 to {most}, not {text!r}")
    return int(digits)


def majority(votes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """FER+'s answer: the index into ``FERPLUS`` with the most of all ten kinds of votes.

    Args:
        votes: (N, 10).

    Returns:
        (N,) int64; -1 for a tie, and where unknown or no face has the most.
    """
    top = votes.argmax(1)
    tied = (votes == votes.max(1, keepdims=True)).sum(1) > 1
    return np.where(tied | (top >= 8), -1, top)
