"""Pictures in folders: which files are some, and what they hold.

Needs numpy and OpenCV only. Never writes and never fetches.
"""

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dms.errors import UserError
from dms.frames.names import IMAGE_SUFFIXES

_ENDINGS = IMAGE_SUFFIXES | {".avif", ".gif", ".heic", ".jfif", ".jp2", ".jpe", ".pbm", ".pgm", ".pnm", ".ppm"}
"""Of pictures; where one of a kind cannot be read, that is reported and not passed over."""


def picture_files(folder: Path) -> list[Path]:
    """Return the pictures in a folder and its sub-folders, sorted by name.

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
    """Return the same, where there may be none. What the systems of users leave behind (``._a.jpg``) is passed over.

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
    """Return the folders in a folder, sorted by name, without hidden ones."""
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


def person_of(file: Path) -> str:
    """Return the person that a picture shows: its file's name before the first ``-`` or ``_``."""
    return file.stem.replace("_", "-").partition("-")[0]


def named(folder: Path, name: str) -> Path:
    """A file or folder by its name, or else by one that differs in case only; ``folder / name`` if there is neither."""
    exact = folder / name
    if exact.exists() or not folder.is_dir():
        return exact
    return next((p for p in sorted(folder.iterdir()) if p.name.lower() == name), exact)
