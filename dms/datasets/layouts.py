"""Readers of the public dataset layouts.

Takes the files that users have (``fer2013.csv`` with ``fer2013new.csv``, a folder of ``closed/`` and ``open/``, a CSV
of 68 landmarks, a CSV of face boxes), gives arrays. Needs numpy and OpenCV only. Never writes and never fetches.
"""

import csv
import math
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dms.errors import UserError
from dms.frames.names import IMAGE_SUFFIXES

FER2013 = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""FER2013's classes in the order of its labels (Goodfellow et al. 2013)."""

FERPLUS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
"""FER+'s classes in the order of its votes (Barsoum et al. 2016); ``unknown`` and ``NF`` (no face) follow them."""

_MOST_VOTES = 1000  # FER+ has ten raters
_YAWN: dict[str, bool | None] = {
    **dict.fromkeys(("1", "true", "t", "yes", "y", "yawn", "yawning"), True),
    **dict.fromkeys(("0", "false", "f", "no", "n", "noyawn", "notyawning", "notyawn"), False),
    "": None,
}
_ENDINGS = IMAGE_SUFFIXES | {".avif", ".gif", ".heic", ".jfif", ".jp2", ".jpe", ".pbm", ".pgm", ".pnm", ".ppm"}
"""Of pictures; some of these cannot be read everywhere, but are told then and not passed over."""


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
    for number, row in enumerate(_rows(fer2013, ("emotion", "pixels", "Usage")), start=1):
        usages[row["usage"]] += 1
        if _letters(row["usage"]) != _letters(usage):
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
    for number, row in enumerate(_rows(ferplus, ("Usage", *kinds)), start=1):
        if _letters(row["usage"]) == _letters(usage):
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


def _letters(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalpha())


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
    files = eye_files(folder)
    for name, is_closed in (("closed", True), ("open", False)):
        if all(closed != is_closed for _, closed in files):
            raise UserError(f"folder {folder / name} holds no picture (.jpg, .png and the like)")
    closed_eyes = np.array([closed for _, closed in files])
    return EyePatches([read_grey(file) for file, _ in files], closed_eyes, [eye_group(file) for file, _ in files])


def eye_files(folder: Path) -> list[tuple[Path, bool]]:
    """Each picture of a folder with ``closed/`` and ``open/``, and whether it shows a closed eye.

    Raises:
        UserError: A sub-folder is missing, or neither holds a picture.
    """
    if folder.is_file():
        raise UserError(f"{folder} is a file: give a folder with closed/ and open/, which hold pictures")
    files: list[tuple[Path, bool]] = []
    for name, is_closed in (("closed", True), ("open", False)):
        inside = named(folder, name)
        if not inside.is_dir():
            there = ", ".join(p.name for p in sub_folders(folder)) or "no folders"
            raise UserError(f"folder {inside} is missing: eyes need closed/ and open/, there are: {there}")
        files += [(file, is_closed) for file in find_pictures(inside)]
    if not files:
        raise UserError(f"{folder}: closed/ and open/ hold no picture (.jpg, .png and the like)")
    return files


def eye_group(file: Path) -> str:
    """The person that an eye is of: its file's name before the first ``-`` or ``_``."""
    return file.stem.replace("_", "-").partition("-")[0]


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
    files, points = [], []
    for number, row in enumerate(_rows(table, ("file", *names)), start=1):
        try:
            points.append([_number(row[name]) for name in names])
        except ValueError as error:
            raise UserError(f"{table} row {number} holds something that is no number ({error})") from error
        files.append(_beside(table.parent, row["file"]))
    return LandmarkedFaces(files, np.array(points, np.float32).reshape(-1, 68, 2))


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


def folder_of(data: Path) -> Path:
    """The folder of a ``labels.csv``, which may be named itself."""
    return data.parent if data.name.lower() == "labels.csv" else data


def read_frames(folder: Path) -> list[LabelledFrame]:
    """Read ``labels.csv`` (``file`` and any of ``yawn``, ``scene_group``, ``x,y,w,h``) beside its pictures.

    Raises:
        UserError: The file is missing or not in this layout.
    """
    if folder.is_file():
        raise UserError(f"{folder} is a file: give the folder that holds labels.csv and its pictures")
    table = named(folder, "labels.csv")
    return [_labelled_frame(table, number, row) for number, row in enumerate(_rows(table, ("file",)), start=1)]


def _labelled_frame(table: Path, number: int, row: dict[str, str]) -> LabelledFrame:
    yawn = row.get("yawn", "")
    yawn = _letters(yawn) or yawn.removesuffix(".0")
    if yawn not in _YAWN:
        raise UserError(f"{table} row {number}: yawn must be 0 or 1, not {row['yawn']!r}")
    sides = [row.get(name, "") for name in ("x", "y", "w", "h")]
    try:
        box = tuple(map(_number, sides)) if all(sides) else None
    except ValueError as error:
        raise UserError(f"{table} row {number}: the box of {row['file']} is not four numbers ({error})") from error
    if box is not None and not (all(map(math.isfinite, box)) and min(box[2:]) > 0):
        box = None  # nan, 0,0,0,0 and -1,-1,-1,-1 are ways to say that there is none
    return LabelledFrame(_beside(table.parent, row["file"]), _YAWN[yawn], row.get("scene_group", ""), box)  # type: ignore[arg-type]


def _beside(folder: Path, name: str) -> Path:
    path = folder / name
    # a table written on Windows
    return folder / name.replace("\\", "/") if "\\" in name and not path.exists() else path


def _number(text: str) -> float:
    # spreadsheets of many countries write 1,5
    return float(text.replace(",", "."))


def named(folder: Path, name: str) -> Path:
    """A file or folder by its name, or else by one that differs in case only; ``folder / name`` if there is neither."""
    exact = folder / name
    if exact.exists() or not folder.is_dir():
        return exact
    return next((p for p in sorted(folder.iterdir()) if p.name.lower() == name), exact)


def picture_files(folder: Path) -> list[Path]:
    """The pictures in a folder and its sub-folders, sorted by name.

    Raises:
        UserError: There is no such folder, or no picture in it.
    """
    if not folder.is_dir():
        raise UserError(f"folder {folder} is missing: see `dms evaluate --help` for the layouts")
    files = find_pictures(folder)
    if not files:
        raise UserError(f"folder {folder} holds no picture (.jpg, .png and the like)")
    return files


def find_pictures(folder: Path) -> list[Path]:
    """The same, where there may be none. What the systems of users leave behind (``._a.jpg``) is passed over.

    Raises:
        UserError: A sub-folder cannot be read.
    """

    def fail(error: OSError) -> None:
        raise UserError(f"{error.filename} cannot be read ({error.strerror})") from error

    found: list[Path] = []
    seen = set()
    for here, folders, names in os.walk(folder, onerror=fail, followlinks=True):
        real = os.path.realpath(here)
        # a link to a folder above would lead round and round
        folders[:] = [] if real in seen else sorted(name for name in folders if not _hidden(name))
        if real not in seen:
            found += [Path(here, n) for n in names if Path(n).suffix.lower() in _ENDINGS and not _hidden(n)]
        seen.add(real)
    return sorted(found)


def sub_folders(folder: Path) -> list[Path]:
    """The folders in a folder, sorted by name, without hidden ones."""
    return sorted(p for p in folder.iterdir() if p.is_dir() and not _hidden(p.name))


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def read_grey(path: Path) -> npt.NDArray[np.uint8]:
    """Read a picture as (height, width) uint8.

    Raises:
        UserError: It is missing or no picture.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such picture")
    try:
        picture: Any = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    except cv2.error:  # more pixels than OpenCV takes
        picture = None
    if picture is None:
        raise UserError(f"{path} cannot be read as a picture")
    grey: npt.NDArray[np.uint8] = picture
    return grey


def _rows(table: Path, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    """Rows by the columns' names in small letters; separated by comma, semicolon or tab, blank rows left out."""
    if not table.is_file():
        raise UserError(f"file {table} is missing")
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            separator = max(",;\t", key=file.readline().count)
            file.seek(0)
            reader = csv.reader(file, delimiter=separator, skipinitialspace=True)
            header = [name.strip().lower() for name in next(reader, ())]
            if not header:
                raise UserError(f"{table}: the file is empty")
            missing = [name for name in columns if name.lower() not in header]
            if missing:
                listed = ", ".join(missing[:4]) + (" and so on" if missing[4:] else "")
                raise UserError(f"{table} has no column {listed}: see `dms evaluate --help` for the layouts")
            least = 1 + max(header.index(name.lower()) for name in columns)
            rows = (row for row in reader if any(map(str.strip, row)))
            for number, row in enumerate(rows, start=1):
                if len(row) < least:
                    raise UserError(f"{table} row {number} is shorter than the first line")
                yield dict(zip(header, map(str.strip, row), strict=False))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{table} is not a CSV file in UTF-8 ({error})") from error
    except OSError as error:
        raise UserError(f"{table} cannot be read ({error.strerror})") from error
