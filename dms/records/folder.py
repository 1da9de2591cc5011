"""Folders that only their owner can read, their bound, and what is left free of the disk.

Takes files in the order of their age, gives room by removing the oldest.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

FREE_BYTES = 50e6
"""Nothing is recorded that would leave less than this on the disk: the alerts need it more."""


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner can enter; an existing one becomes so.

    Raises:
        OSError: It cannot be made.
    """
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def check_free(folder: Path, expected_bytes: float) -> None:
    """Make sure that the disk has room for so many bytes more.

    Raises:
        OSError: It would be left with less than ``FREE_BYTES``.
    """
    free = shutil.disk_usage(folder).free
    if free < expected_bytes + FREE_BYTES:
        raise OSError(f"the disk is nearly full: {free / 1e6:.0f} MB are free")


def make_room(oldest_first: Iterable[Path], limit_bytes: float) -> None:
    """Remove files from the oldest on until the rest takes no more than so many bytes.

    Raises:
        OSError: One cannot be removed.
    """
    files = [(file, file.stat().st_size) for file in oldest_first]
    excess = sum(size for _, size in files) - limit_bytes
    for file, size in files:
        if excess <= 0:
            return
        file.unlink()
        excess -= size
