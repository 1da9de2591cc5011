"""The files of a database beside and around it: set aside, replaced, and its write-ahead log.

Knows SQLite's file format as far as it takes to distinguish a log that was torn from one that ends.
"""

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from dms.alerts.delivery.numbers import sync_folder

_WAL_HEADER_BYTES = 32
_WAL_FRAME_HEADER_BYTES = 24


def set_aside(path: Path) -> None:
    """Rename the file and its write-ahead log, which belong together."""
    broken = path.with_name(f"{path.name}.broken")
    for tail in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + tail).replace(broken.with_name(broken.name + tail))


def finish_replacement(path: Path) -> None:
    """Where the power failed while a file was replaced: the new one is whole, and the old one's log must not stay."""
    fresh = path.with_name(f"{path.name}.new")
    if not path.exists() and fresh.exists():
        set_aside(path)
        fresh.replace(path)
        sync_folder(path.parent)
    fresh.unlink(missing_ok=True)


def committed_frames(wal: Path) -> list[int]:
    """Numbers, from 1, of the frames in a write-ahead log that end a transaction, as far as their headers say.

    The format is SQLite's (https://www.sqlite.org/fileformat2.html, 4.1): frames of an earlier round carry other salts.
    """
    try:
        with wal.open("rb") as file:
            header = file.read(_WAL_HEADER_BYTES)
            if len(header) < _WAL_HEADER_BYTES:
                return []
            page_bytes, salts = int.from_bytes(header[8:12], "big"), header[16:24]
            if not 512 <= page_bytes <= 65536:
                return [1]
            commits = []
            number = 0
            while len(frame := file.read(_WAL_FRAME_HEADER_BYTES)) == _WAL_FRAME_HEADER_BYTES:
                number += 1
                belongs = frame[8:16] == salts and frame[4:8] != b"\0\0\0\0"
                # one salt alone, or a first frame of another round: the header or this frame is damaged
                is_damaged = (frame[8:12] == salts[:4]) != (frame[12:16] == salts[4:])
                if belongs or is_damaged or (number == 1 and frame[8:16] != salts):
                    commits.append(number)
                file.seek(page_bytes, 1)
            return commits
    except OSError:
        return []


def lost_commits(database: sqlite3.Connection, commits: Sequence[int]) -> int:
    """How many transactions in the write-ahead log SQLite does not take because a frame before them is damaged."""
    if not commits:
        return 0
    _, frames, _ = database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return 0 if frames < 0 else sum(commit > frames for commit in commits)
