"""Readers of the public dataset layouts.

Takes the files that users have (``fer2013.csv`` with ``fer2013new.csv``, a folder of ``closed/`` and ``open/``, a CSV
of 68 landmarks, a CSV of face boxes), gives arrays. Needs numpy and OpenCV only. Never writes and never fetches.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dms.errors import UserError
from dms.frames.source import IMAGE_SUFFIXES

FER2013 = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""FER2013's classes in the order of its labels (Goodfellow et al. 2013)."""

FERPLUS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
"""FER+'s classes in the order of its votes (Barsoum et al. 2016); ``unknown`` and ``NF`` (no face) follow them."""

_MOST_VOTES = 1000  # FER+ has ten raters
_YAWN = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": None}


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
        """The faces where ``chosen`` is True."""
        return Expressions(self.images[chosen], self.labels[chosen], None if self.votes is None else self.votes[chosen])


def read_fer2013(fer2013: Path, usage: str, ferplus: Path | None = None) -> Expressions:
    """Read one part of FER2013, joined with FER+'s votes by the order of the rows.

    Args:
        fer2013: ``emotion,pixels,Usage`` with 2,304 pixels separated by blanks.
        usage: ``Training``, ``PublicTest`` or ``PrivateTest``.
        ferplus: ``Usage,Image name,neutral,...,NF``; its image names are not row numbers and are not used.

    Raises:
        UserError: A file is missing or not in this layout, or the two have different rows.
    """
    votes = None if ferplus is None else list(_rows(ferplus, ("Usage", *FERPLUS, "unknown", "NF")))
    images, labels, chosen = [], [], []
    number = -1
    for number, row in enumerate(_rows(fer2013, ("emotion", "pixels", "Usage"))):
        if votes is not None and (number >= len(votes) or votes[number]["Usage"] != row["Usage"]):
            raise UserError(f"{ferplus} and {fer2013} differ from row {number + 1} on: they must have the same rows")
        if row["Usage"] != usage:
            continue
        pixels = np.fromstring(row["pixels"], np.uint8, sep=" ")
        if pixels.size != 48 * 48:
            raise UserError(f"{fer2013} row {number + 1} has {pixels.size} pixels, not 2304")
        images.append(pixels.reshape(48, 48))
        labels.append(_whole(row["emotion"], len(FER2013) - 1, f"{fer2013} row {number + 1}: emotion"))
        if votes is not None:
            where = f"{ferplus} row {number + 1}: votes for"
            chosen.append(
                [_whole(votes[number][name], _MOST_VOTES, f"{where} {name}") for name in (*FERPLUS, "unknown", "NF")]
            )
    if votes is not None and number + 1 != len(votes):
        raise UserError(f"{ferplus} has {len(votes)} rows and {fer2013} {number + 1}: they must have the same rows")
    if not images:
        raise UserError(f"{fer2013} has no rows with Usage {usage}")
    return Expressions(np.stack(images), np.array(labels), np.array(chosen) if votes is not None else None)


def _whole(text: str | None, most: int, what: str) -> int:
    if text is None or not text.strip().isdecimal() or int(text) > most:
        raise UserError(f"{what} must be 0 to {most}, not {text!r}")
    return int(text)


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


@dataclass(frozen=True, slots=True, eq=False)
class EyePatches:
    """Eye patches of any size.

    Attributes:
        images: N pictures, (height, width) uint8, each of its own size.
        closed: (N,) bool.
        groups: N names; patches of one person share one, so that a split can go by person.
    """

    images: list[npt.NDArray[np.uint8]]
    closed: npt.NDArray[np.bool_]
    groups: list[str]


def read_eyes(folder: Path) -> EyePatches:
    """Read a folder with ``closed/`` and ``open/``; a file's group is its name before the first ``-`` or ``_``.

    Raises:
        UserError: A sub-folder is missing or holds no picture, or a picture cannot be read.
    """
    if folder.is_file():
        raise UserError(f"{folder} is a file: give a folder with closed/ and open/, which hold pictures")
    images, closed, groups = [], [], []
    for name, is_closed in (("closed", True), ("open", False)):
        for path in picture_files(folder / name):
            images.append(read_grey(path))
            closed.append(is_closed)
            groups.append(path.stem.replace("_", "-").partition("-")[0])
    return EyePatches(images, np.array(closed), groups)


@dataclass(frozen=True, slots=True, eq=False)
class LandmarkedFaces:
    """Pictures with 68 iBUG points per face.

    Attributes:
        files: N paths; a picture with several faces stands in several rows.
        points: (N, 68, 2) float32, pixels.
    """

    files: list[Path]
    points: npt.NDArray[np.float32]


def read_landmarks(table: Path) -> LandmarkedFaces:
    """Read ``file,x0,y0,...,x67,y67`` beside its pictures.

    Raises:
        UserError: The file is missing or not in this layout.
    """
    names = [f"{axis}{i}" for i in range(68) for axis in "xy"]
    rows = list(_rows(table, ("file", *names)))
    try:
        points = np.array([[float(row[name]) for name in names] for row in rows], np.float32)
    except ValueError as error:
        raise UserError(f"{table} holds something that is no number ({error})") from error
    return LandmarkedFaces([table.parent / row["file"] for row in rows], points.reshape(-1, 68, 2))


@dataclass(frozen=True, slots=True)
class LabelledFrame:
    """One row of ``labels.csv``.

    Attributes:
        file: The picture.
        yawn: Whether the driver yawns, None where the table has no such column.
        group: Frames of one scene share it; empty where the table has no such column.
        box: (x, y, width, height) of the driver's face in pixels, tight from forehead to chin; None without boxes.
    """

    file: Path
    yawn: bool | None
    group: str
    box: tuple[float, float, float, float] | None


def read_frames(folder: Path) -> list[LabelledFrame]:
    """Read ``labels.csv`` (``file`` and any of ``yawn``, ``scene_group``, ``x,y,w,h``) beside its pictures.

    Raises:
        UserError: The file is missing or not in this layout.
    """
    if folder.is_file():
        raise UserError(f"{folder} is a file: give the folder that holds labels.csv and its pictures")
    rows = _rows(folder / "labels.csv", ("file",))
    return [_labelled_frame(folder, number, row) for number, row in enumerate(rows, start=1)]


def _labelled_frame(folder: Path, number: int, row: dict[str, str]) -> LabelledFrame:
    yawn = (row.get("yawn") or "").strip().lower()
    if yawn not in _YAWN:
        raise UserError(f"{folder / 'labels.csv'} row {number}: yawn must be 0 or 1, not {row['yawn']!r}")
    sides = [row.get(name, "") for name in ("x", "y", "w", "h")]
    try:
        box = tuple(float(side) for side in sides) if all(sides) else None
    except ValueError as error:
        raise UserError(f"{folder / 'labels.csv'}: the box of {row['file']} is not four numbers ({error})") from error
    return LabelledFrame(folder / row["file"], _YAWN[yawn], row.get("scene_group", ""), box)  # type: ignore[arg-type]


def picture_files(folder: Path) -> list[Path]:
    """The pictures in a folder, sorted by name.

    Raises:
        UserError: There is no such folder, or no picture in it.
    """
    if not folder.is_dir():
        raise UserError(f"folder {folder} is missing: see `dms evaluate --help` for the layouts")
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES)
    if not files:
        raise UserError(f"folder {folder} holds no picture ({', '.join(sorted(IMAGE_SUFFIXES))})")
    return files


def read_grey(path: Path) -> npt.NDArray[np.uint8]:
    """Read a picture as (height, width) uint8.

    Raises:
        UserError: It is missing or no picture.
    """
    picture: Any = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise UserError(f"{path} cannot be read as a picture")
    grey: npt.NDArray[np.uint8] = picture
    return grey


def _rows(table: Path, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    if not table.is_file():
        raise UserError(f"file {table} is missing")
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if reader.fieldnames is None:
                raise UserError(f"{table}: the file is empty")
            missing = [name for name in columns if name not in reader.fieldnames]
            if missing:
                named = ", ".join(missing[:4]) + (" and so on" if missing[4:] else "")
                raise UserError(f"{table} has no column {named}: see `dms evaluate --help` for the layouts")
            for number, row in enumerate(reader, start=1):
                if any(row[name] is None for name in columns):
                    raise UserError(f"{table} row {number} is shorter than the first line")
                yield row
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{table} is not a CSV file in UTF-8 ({error})") from error
    except OSError as error:
        raise UserError(f"{table} cannot be read ({error.strerror})") from error
