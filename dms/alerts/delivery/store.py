"""The outbox's SQLite file: opened, set aside when broken, and whether what is read is what was written.

Takes and gives plain values; knows no order, no bound and no broker. WAL mode with a sync at every commit, so what
``write`` has written survives a kill and a power cut. A file in which anything is wrong is set aside whole as
``*.broken``, and what is proven of it goes into a new one.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from dms.alerts.delivery import tables
from dms.alerts.delivery.entry import Entry
from dms.alerts.delivery.files import committed_frames, finish_replacement, lost_commits, set_aside
from dms.alerts.delivery.kept import SQL_ERRORS, Counters, Found, UnsoundError, is_unsound
from dms.alerts.delivery.numbers import sync_folder
from dms.alerts.delivery.reader import Reader, salvage


class SqliteStore:
    """The file, open or not.

    Args:
        path: The SQLite file; its folder is made when missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database: sqlite3.Connection | None = None
        self._kept = Counters()

    @property
    def is_open(self) -> bool:
        """Whether it can be written."""
        return self._database is not None

    def open(self) -> Found:
        """Open the file, or make it, and read all of it. With damage it is not open afterwards: ``replace`` it.

        Raises:
            sqlite3.Error: The disk refuses.
            OSError: The folder cannot be made.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        finish_replacement(self._path)
        existed = self._path.exists()
        empty = existed and self._path.stat().st_size == 0
        database = _connect(self._path)
        # while this connection stands nobody else's close can fold the log into the file
        tail = committed_frames(self._beside("-wal")) if existed else []
        try:
            if not existed or empty or (not tail and tables.is_blank(database)):
                tables.create(database)
                self._database, self._kept = database, Counters()
                return Found({}, Counters(), existed=False, empty=empty)
            found = self._read(database, tail)
        except BaseException:
            database.close()
            raise
        if found.damage:
            database.close()
        else:
            self._database, self._kept = database, found.counters
        return found

    def replace(self, entries: Sequence[Entry], counters: Counters) -> list[int]:
        """Set the file aside as ``*.broken`` and begin a new one with this in it; returns the messages' ids.

        Nothing is lost where the power fails in between: the new file is whole before the old one goes.

        Raises:
            sqlite3.Error: The disk refuses.
            OSError: The disk refuses.
        """
        self.close()
        fresh = self._beside(".new")
        for stale in (fresh, self._beside(".new-journal")):
            stale.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(fresh, isolation_level=None)) as database:
            database.text_factory = bytes
            database.execute("PRAGMA synchronous = FULL")
            tables.create(database)
            rows = tables.write(database, entries, (), counters, Counters())
        set_aside(self._path)
        fresh.replace(self._path)
        sync_folder(self._path.parent)
        self._database, self._kept = _connect(self._path), counters.copy()
        return rows

    def write(self, added: Sequence[Entry], removed: Iterable[int], counters: Counters) -> list[int]:
        """Write changes in one transaction; returns the ids of the added messages.

        Raises:
            UnsoundError: The file is damaged; ``replace`` it.
            sqlite3.Error: The disk refuses; nothing was written.
        """
        assert self._database is not None
        try:
            rows = tables.write(self._database, added, removed, counters, self._kept)
        except sqlite3.Error as error:
            if not is_unsound(error):
                raise
            self.close()
            raise UnsoundError(str(error)) from error
        self._kept = counters.copy()
        return rows

    def forget_boots(self, boots: Iterable[str]) -> None:
        """Drop the offsets of boots of which no message waits any more.

        Raises:
            sqlite3.Error: The disk refuses.
        """
        assert self._database is not None
        gone = set(boots)
        self._database.executemany("DELETE FROM boot WHERE id = ?", [(boot,) for boot in gone])
        offsets = {boot: offset for boot, offset in self._kept.offsets.items() if boot not in gone}
        self._kept = replace(self._kept, offsets=offsets)

    def close(self) -> None:
        """Close the file; all is written already."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _beside(self, tail: str) -> Path:
        return self._path.with_name(self._path.name + tail)

    def _read(self, database: sqlite3.Connection, tail: Sequence[int]) -> Found:
        try:
            self._check_header()
            tables.check_version(database)
            missing = lost_commits(database, tail)
            is_first = tables.check_schema(database)
            (verdict,) = database.execute("PRAGMA integrity_check").fetchone()
            if verdict != b"ok":
                raise UnsoundError(verdict.decode(errors="replace").splitlines()[-1])
            if is_first:
                tables.check_first(database)
                tables.add_proofs(database)
        except (*SQL_ERRORS, UnsoundError) as error:
            if not is_unsound(error):
                raise
            return salvage(database, str(error))
        reader = Reader(database)
        reader.read()
        if missing:
            reader.damage.append("the newest changes were not whole on disk")
            reader.lost += 1
        if reader.sealed_later and not reader.damage:
            tables.seal(database, reader.rows)
        return reader.found()

    def _check_header(self) -> None:
        """Find what SQLite would take for a file of another format, which it must not write."""
        with self._path.open("rb") as file:
            header = file.read(100)
        if len(header) < 100 or header[18] not in (1, 2) or header[19] not in (1, 2):
            raise UnsoundError("its header is damaged")


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=1.0, isolation_level=None, check_same_thread=False)
    # what is damaged need not be text, and must not end the reading
    database.text_factory = bytes
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
    except SQL_ERRORS as error:
        if not is_unsound(error):
            database.close()
            raise
    return database
