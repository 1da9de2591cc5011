"""Folders that only their owner can read, and their bound.

Takes files in the order of their age, gives room by removing the oldest.
"""

from collections.abc import Iterable
from pathlib import Path


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner can enter; an existing one becomes so.

    Raises:
        OSError: It cannot be made.
    """
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


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
