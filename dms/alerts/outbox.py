"""Alerts on disk until the broker has acknowledged them.

Takes alert messages in the order in which they were raised, gives them back in that order, forgets them when told.
The queue is in memory and SQLite holds its copy: WAL mode with a sync at every commit, so what ``put`` has written
survives a kill and a power cut. A disk that is full, broken or read-only is a fault to report, not a reason to lose
an alert: the queue goes on in memory, and the disk follows as soon as it can. Never talks to a broker.
"""

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Collection, Iterable
from dataclasses import astuple, dataclass
from itertools import islice
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from dms.alerts.clock import FLOOR
from dms.alerts.messages import AlertMessage
from dms.driver.state import Phase

log = logging.getLogger(__name__)

_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS alert (
    id INTEGER PRIMARY KEY, topic TEXT NOT NULL, phase TEXT NOT NULL, sequence INTEGER NOT NULL,
    payload TEXT NOT NULL, boot TEXT NOT NULL, t REAL NOT NULL, started_t REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS sequence (topic TEXT PRIMARY KEY, last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS boot (id TEXT PRIMARY KEY, utc_offset REAL NOT NULL);
CREATE TABLE IF NOT EXISTS total (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
_ALERT: TypeAdapter[AlertMessage] = TypeAdapter(AlertMessage)
_COLUMNS = "topic, phase, sequence, payload, boot, t, started_t"


@dataclass(frozen=True, slots=True)
class Entry:
    """An alert message that waits.

    Attributes:
        topic: Where it goes.
        phase: ``start``, ``update`` or ``end``.
        sequence: Its number on its topic.
        payload: The message as JSON.
        boot: The boot of the machine in which ``t`` and ``started_t`` were measured.
        t: When it was judged, monotonic seconds.
        started_t: When what it is about began, monotonic seconds.
    """

    topic: str
    phase: str
    sequence: int
    payload: str
    boot: str
    t: float
    started_t: float


class Outbox:
    """A durable, bounded queue of alert messages, safe for use from several threads.

    Args:
        path: The SQLite file; its folder is made when missing. A file that is no sound database is set aside as
            ``*.broken`` and what can be read of it is taken over.
        limit: Most messages kept. Beyond it the oldest updates are dropped first, then the oldest ends but the
            newest of each topic. Starts are never dropped, so they alone can exceed the limit.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self._path = path
        self._limit = limit
        self._lock = threading.RLock()
        self._database: sqlite3.Connection | None = None
        self._read = False
        self._closed = False
        self._malformed = False
        self._queue: dict[int, Entry] = {}
        self._next = 1
        self._unwritten: dict[int, None] = {}
        self._rows: dict[int, int] = {}
        self._forgotten: set[int] = set()
        self._sequences: dict[str, int] = {}
        self._history_lost = False
        self._offsets: dict[str, float] = {}
        self._dropped = 0
        self._dirty = False
        self._error: str | None = None
        with self._lock:
            self._sync()
            self._history_lost |= not self._read

    def __len__(self) -> int:
        """Messages that wait."""
        with self._lock:
            return len(self._queue)

    @property
    def dropped(self) -> int:
        """Messages dropped because the queue was full, ever."""
        return self._dropped

    @property
    def error(self) -> str | None:
        """Why the disk does not follow; None when it does."""
        return self._error

    def last_sequence(self, topic: str) -> int:
        """The last number used on a topic, 0 at first.

        When the numbers used so far cannot be read, the count goes on from the time of day in seconds, which is
        beyond any number of alerts: it never restarts.
        """
        with self._lock:
            base = int(max(time.time(), FLOOR)) if self._history_lost else 0
            return self._sequences.get(topic, base)

    def put(self, entry: Entry) -> None:
        """Take a message; it is on disk when this returns, unless ``error`` says otherwise."""
        with self._lock:
            self._add(entry)
            self._sequences[entry.topic] = entry.sequence
            self._sync()

    def waiting(self, count: int, taken: Collection[int] = (), held: Collection[str] = ()) -> list[tuple[int, Entry]]:
        """The oldest messages in order, with their keys: at most ``count``, no key ``taken``, no topic ``held``."""
        with self._lock:
            ready = ((key, entry) for key, entry in self._queue.items() if key not in taken and entry.topic not in held)
            return list(islice(ready, count))

    def remove(self, keys: Iterable[int]) -> None:
        """Forget messages that have been acknowledged; keys that are gone already are no error."""
        with self._lock:
            for key in keys:
                self._leave(key)
            self._sync()

    def remember_boot(self, boot: str, utc_offset: float) -> None:
        """Keep what turns the monotonic seconds of a boot of the machine into UTC; the first value stands."""
        with self._lock:
            if boot not in self._offsets:
                self._offsets[boot] = utc_offset
                self._dirty = True
                self._sync()

    def boot_offset(self, boot: str) -> float | None:
        """UTC minus monotonic seconds of a boot; None when its clock was never good."""
        return self._offsets.get(boot)

    def sync(self) -> None:
        """Try again to bring the disk up to date; does nothing when it is."""
        with self._lock:
            self._sync()

    def close(self) -> None:
        """Bring the disk up to date and close it; what is put afterwards is kept in memory only."""
        with self._lock:
            self._sync()
            self._closed = True
            if self._database is not None:
                self._database.close()
                self._database = None

    def _add(self, entry: Entry) -> None:
        self._queue[self._next] = entry
        self._unwritten[self._next] = None
        self._next += 1
        self._dirty = True
        if len(self._queue) > self._limit:
            self._shrink()

    def _leave(self, key: int) -> None:
        self._queue.pop(key, None)
        self._unwritten.pop(key, None)
        if (row := self._rows.pop(key, None)) is not None:
            self._forgotten.add(row)
            self._dirty = True

    def _shrink(self) -> None:
        """Drop what the limit demands: updates from the oldest on, then ends but the newest of each topic."""
        excess = len(self._queue) - self._limit
        newest_ends = {entry.topic: key for key, entry in self._queue.items() if entry.phase == Phase.END}
        updates = [key for key, entry in self._queue.items() if entry.phase == Phase.UPDATE]
        ends = [
            key for key, entry in self._queue.items() if entry.phase == Phase.END and newest_ends[entry.topic] != key
        ]
        for key in (*updates, *ends)[:excess]:
            self._leave(key)
            self._dropped += 1

    def _sync(self) -> None:
        """Write what the disk lacks in one transaction."""
        if self._closed:
            return
        try:
            if self._database is None:
                self._open()
            if self._dirty:
                self._write()
        except (sqlite3.Error, OSError) as error:
            self._fail(error)
        else:
            if self._error is not None:
                log.warning("outbox %s: alerts are on disk again", self._path)
            self._error = None

    def _fail(self, error: Exception) -> None:
        if self._error is None:
            log.error("outbox %s: %s; alerts are kept in memory meanwhile", self._path, error)
        self._error = str(error)
        if self._database is not None and _is_malformed(error):
            self._database.close()
            self._database = None
            self._malformed = True

    def _open(self) -> None:
        """Open the file and take over what is in it; a file that is no sound database is set aside."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._malformed:
            # found while running: the queue in memory is complete and starts a new file
            self._set_aside()
            self._malformed = False
        try:
            self._database = self._connect()
        except sqlite3.DatabaseError as error:
            if not _is_malformed(error):
                raise
            log.error("outbox %s: %s; set aside as %s.broken", self._path, error, self._path.name)
            broken = self._set_aside()
            self._database = self._connect()
            if not self._read:
                self._salvage(broken)
        else:
            if not self._read:
                self._load(self._database)
        self._read = True

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, timeout=1.0, isolation_level=None, check_same_thread=False)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
            (verdict,) = database.execute("PRAGMA quick_check").fetchone()
            if verdict != "ok":
                raise sqlite3.DatabaseError(f"malformed ({verdict.splitlines()[0]})")
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version not in (0, _SCHEMA_VERSION):
                raise sqlite3.DatabaseError(f"of version {version}, not {_SCHEMA_VERSION}")
            database.executescript(_SCHEMA)
            database.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
        except sqlite3.Error:
            database.close()
            raise
        return database

    def _set_aside(self) -> Path:
        """Rename the file and its write-ahead log, which belong together."""
        broken = self._path.with_name(f"{self._path.name}.broken")
        for tail in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                self._path.with_name(self._path.name + tail).replace(broken.with_name(broken.name + tail))
        self._rows.clear()
        self._forgotten.clear()
        self._unwritten = dict.fromkeys(self._queue)
        self._dirty = True
        return broken

    def _load(self, database: sqlite3.Connection) -> None:
        self._sequences.update(
            (topic, max(last, self._sequences.get(topic, 0)))
            for topic, last in database.execute("SELECT topic, last FROM sequence").fetchall()
        )
        self._offsets.update(database.execute("SELECT id, utc_offset FROM boot").fetchall())
        for (value,) in database.execute("SELECT value FROM total WHERE name = 'dropped'").fetchall():
            self._dropped += value
        for row, *values in database.execute(f"SELECT id, {_COLUMNS} FROM alert ORDER BY id"):
            self._rows[self._next] = row
            self._queue[self._next] = Entry(*values)
            self._next += 1
        waiting = {entry.boot for entry in self._queue.values()}
        database.executemany(
            "DELETE FROM boot WHERE id = ?", [(boot,) for boot in self._offsets if boot not in waiting]
        )
        self._offsets = {boot: offset for boot, offset in self._offsets.items() if boot in waiting}

    def _salvage(self, path: Path) -> None:
        """Take over what can be read of a broken file."""
        self._history_lost = True
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(path)) as database:
            for values in database.execute(f"SELECT {_COLUMNS} FROM alert ORDER BY id"):
                entry = Entry(*values)
                if _is_sound(entry):
                    self._add(entry)
        log.warning("outbox %s: %d messages taken over from the broken file", self._path, len(self._queue))

    def _write(self) -> None:
        database = self._database
        assert database is not None
        insert = f"INSERT INTO alert ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"
        rows: dict[int, int] = {}
        with database:
            database.execute("BEGIN IMMEDIATE")
            for key in self._unwritten:
                rows[key] = database.execute(insert, astuple(self._queue[key])).lastrowid or 0
            database.executemany("DELETE FROM alert WHERE id = ?", [(row,) for row in self._forgotten])
            if rows:
                database.executemany("INSERT OR REPLACE INTO sequence VALUES (?, ?)", self._sequences.items())
                database.execute("INSERT OR REPLACE INTO total VALUES ('dropped', ?)", (self._dropped,))
            database.executemany("INSERT OR IGNORE INTO boot VALUES (?, ?)", self._offsets.items())
        self._rows.update(rows)
        self._unwritten.clear()
        self._forgotten.clear()
        self._dirty = False


def _is_sound(entry: Entry) -> bool:
    """Whether what was read from a broken file is an alert that was put there: none may be invented."""
    try:
        message = _ALERT.validate_json(entry.payload)
    except ValidationError:
        return False
    times = (entry.t, entry.started_t)
    return message.sequence == entry.sequence and all(isinstance(value, float) for value in times)


def _is_malformed(error: Exception) -> bool:
    """Whether the file itself is unsound, rather than full, locked, read-only or out of reach."""
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
