"""Sequence numbers that outlive the outbox's database.

Takes the number that is about to be used on a topic, keeps a higher one in a small file beside the database: a number
not yet reached. When the database is lost or cannot be believed, the count goes on from there and never restarts.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

BLOCK = 1000
"""The kept number is raised by so many at a time: the file is written once in a thousand alerts of a topic."""


class NumberFile:
    """A checksummed JSON file with a number not yet reached for each topic.

    Args:
        path: The file; its folder is made when missing.

    Attributes:
        known: What the file said when it was read; None when there was none, or it was not whole.
        existed: Whether there was a file at all.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.existed = path.exists()
        self.known: Mapping[str, int] | None = _read(path)
        self._kept: dict[str, int] = dict(self.known or {})

    def create(self) -> None:
        """Make an empty file where there is none: from now on one that is missing is one that was lost.

        Raises:
            OSError: The disk refuses.
        """
        if not self.existed:
            self._write({})

    def reach(self, numbers: Mapping[str, int]) -> None:
        """Make sure that the file is above these numbers, before they are used.

        Raises:
            OSError: The disk refuses; what the file said before stands.
        """
        short = {topic: number for topic, number in numbers.items() if number >= self._kept.get(topic, 0)}
        if not short:
            return
        self._write({**self._kept, **{topic: number + BLOCK for topic, number in short.items()}})

    def _write(self, kept: dict[str, int]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_name(f"{self._path.name}.partial")
        with partial.open("w", encoding="utf-8") as file:
            json.dump({"not_reached": kept, "blake2b": _checksum(kept)}, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._path)
        sync_folder(self._path.parent)
        self._kept = kept


def sync_folder(folder: Path) -> None:
    """Let a rename outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> dict[str, int] | None:
    try:
        content = json.loads(path.read_bytes())
        kept = content["not_reached"]
        whole = content["blake2b"] == _checksum(kept)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return kept if whole else None


def _checksum(kept: Mapping[str, int]) -> str:
    return hashlib.blake2b(json.dumps(kept, sort_keys=True).encode(), digest_size=16).hexdigest()
