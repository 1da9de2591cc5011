"""The outbox's SQLite file: what is written there, and whether what is read is what was written.

Takes and gives plain values; knows no order, no bound and no broker. WAL mode with a sync at every commit, so what
``write`` has written survives a kill and a power cut. Beside each message lies a checksum; beside each counter its
negative (``twin``); beside the set of messages its count and sum for each topic (``tally``). Triggers keep twin and
tally, so that an older release, which knows neither, keeps them too: its tables and columns are all still there.

A file in which anything is wrong is set aside whole as ``*.broken``, and what is proven of it goes into a new one.
"""

import contextlib
import logging
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dms.alerts.delivery.entry import Entry
from dms.alerts.delivery.numbers import sync_folder
from dms.alerts.messages import ALERT

log = logging.getLogger(__name__)

_SCHEMA_VERSION = 1
_FIRST_SCHEMA = """
CREATE TABLE IF NOT EXISTS alert (
    id INTEGER PRIMARY KEY, topic TEXT NOT NULL, phase TEXT NOT NULL, sequence INTEGER NOT NULL,
    payload TEXT NOT NULL, boot TEXT NOT NULL, t REAL NOT NULL, started_t REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS sequence (topic TEXT PRIMARY KEY, last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS boot (id TEXT PRIMARY KEY, utc_offset REAL NOT NULL);
CREATE TABLE IF NOT EXISTS total (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
"""As the first release wrote it, and to the letter so for good: that release reads and writes it after a rollback."""
_PROOFS = (
    "ALTER TABLE alert ADD COLUMN checksum INTEGER",
    """CREATE TABLE tally (
        topic TEXT PRIMARY KEY, count INTEGER NOT NULL, sum INTEGER NOT NULL, plain INTEGER NOT NULL,
        proof INTEGER NOT NULL
    )""",
    """CREATE TABLE open_alert (
        topic TEXT PRIMARY KEY, phase TEXT NOT NULL, sequence INTEGER NOT NULL, payload TEXT NOT NULL,
        boot TEXT NOT NULL, t REAL NOT NULL, started_t REAL NOT NULL, checksum INTEGER NOT NULL
    )""",
    "CREATE TABLE twin (name TEXT PRIMARY KEY, value NUMERIC NOT NULL)",
    """CREATE TRIGGER alert_added AFTER INSERT ON alert BEGIN
        INSERT OR IGNORE INTO tally VALUES (NEW.topic, 0, 0, 0, 0);
        UPDATE tally SET count = count + 1, sum = sum + NEW.sequence, plain = plain + (NEW.checksum IS NULL),
            proof = proof + 3 + 5 * NEW.sequence + 7 * (NEW.checksum IS NULL) WHERE topic = NEW.topic;
    END""",
    """CREATE TRIGGER alert_gone AFTER DELETE ON alert BEGIN
        UPDATE tally SET count = count - 1, sum = sum - OLD.sequence, plain = plain - (OLD.checksum IS NULL),
            proof = proof - 3 - 5 * OLD.sequence - 7 * (OLD.checksum IS NULL) WHERE topic = OLD.topic;
    END""",
    """CREATE TRIGGER sequence_set AFTER INSERT ON sequence BEGIN
        INSERT OR REPLACE INTO twin VALUES ('sequence/' || NEW.topic, -NEW.last);
    END""",
    """CREATE TRIGGER total_set AFTER INSERT ON total BEGIN
        INSERT OR REPLACE INTO twin VALUES ('total/' || NEW.name, -NEW.value);
    END""",
    """CREATE TRIGGER boot_set AFTER INSERT ON boot BEGIN
        INSERT OR REPLACE INTO twin VALUES ('boot/' || NEW.id, -NEW.utc_offset);
    END""",
    """CREATE TRIGGER boot_gone AFTER DELETE ON boot BEGIN
        DELETE FROM twin WHERE name = 'boot/' || OLD.id;
    END""",
)
_COLUMNS = "topic, phase, sequence, payload, boot, t, started_t"
_COUNTERS = (("sequence", "topic", "last", int), ("total", "name", "value", int), ("boot", "id", "utc_offset", float))
_ROW_VALUES = 9
_UNSOUND = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_FORMAT,
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_SCHEMA,
    sqlite3.SQLITE_TOOBIG,
}
_SQL_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""The module cannot decode SQLite's own message where a damaged name is quoted in it."""

_WAL_HEADER_BYTES = 32
_WAL_FRAME_HEADER_BYTES = 24


@dataclass(frozen=True, slots=True)
class Counters:
    """What is kept beside the messages.

    Attributes:
        sequences: The last number used on each topic.
        totals: Counts by name.
        offsets: UTC minus monotonic seconds of each boot of the machine.
        open_alerts: The newest message of each topic's alert that has not ended.
    """

    sequences: Mapping[str, int] = field(default_factory=dict)
    totals: Mapping[str, int] = field(default_factory=dict)
    offsets: Mapping[str, float] = field(default_factory=dict)
    open_alerts: Mapping[str, Entry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """What a file held.

    Attributes:
        rows: The messages that are proven to be as they were written, by their ids, in the order of the file.
        counters: The counters that are proven.
        damage: What was wrong, in words; empty when all is sound.
        lost: Messages that had been written and are not among the rows; at least 1 where it cannot be told.
        existed: Whether there was a database before.
        empty: Whether there was a file, and nothing in it.
    """

    rows: Mapping[int, Entry]
    counters: Counters
    damage: tuple[str, ...] = ()
    lost: int = 0
    existed: bool = True
    empty: bool = False


class UnsoundError(Exception):
    """The file is not what was written, rather than full, locked, read-only or out of reach."""


class SqliteStore:
    """The file, open or not.

    Args:
        path: The SQLite file; its folder is made when missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database: sqlite3.Connection | None = None

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
        _finish_replacement(self._path)
        existed = self._path.exists()
        empty = existed and self._path.stat().st_size == 0
        database = _connect(self._path)
        # while this connection stands nobody else's close can fold the log into the file
        tail = _committed_frames(self._beside("-wal")) if existed else []
        try:
            if not existed or empty or (not tail and _is_blank(database)):
                _create(database)
                self._database = database
                return Found({}, Counters(), existed=False, empty=empty)
            found = self._read(database, tail)
        except BaseException:
            database.close()
            raise
        if found.damage:
            database.close()
        else:
            self._database = database
        return found

    def replace(self, entries: Sequence[Entry], counters: Counters) -> list[int]:
        """Set the file aside as ``*.broken`` and begin a new one with this in it; gives the messages' ids.

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
            _create(database)
            rows = _write(database, entries, (), counters)
            _write_open_alerts(database, counters.open_alerts)
        _set_aside(self._path)
        fresh.replace(self._path)
        sync_folder(self._path.parent)
        self._database = _connect(self._path)
        return rows

    def write(self, added: Sequence[Entry], removed: Iterable[int], counters: Counters) -> list[int]:
        """Write changes in one transaction; gives the ids of the added messages.

        Raises:
            UnsoundError: The file is damaged; ``replace`` it.
            sqlite3.Error: The disk refuses; nothing was written.
        """
        assert self._database is not None
        try:
            return _write(self._database, added, removed, counters)
        except sqlite3.Error as error:
            if not _is_unsound(error):
                raise
            self.close()
            raise UnsoundError(str(error)) from error

    def forget_boots(self, boots: Iterable[str]) -> None:
        """Drop the offsets of boots of which no message waits any more.

        Raises:
            sqlite3.Error: The disk refuses.
        """
        assert self._database is not None
        self._database.executemany("DELETE FROM boot WHERE id = ?", [(boot,) for boot in boots])

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
            _check_version(database)
            missing = _lost_commits(database, tail)
            is_first = _check_schema(database)
            (verdict,) = database.execute("PRAGMA integrity_check").fetchone()
            if verdict != b"ok":
                raise UnsoundError(verdict.decode(errors="replace").splitlines()[-1])
            if is_first:
                _check_first(database)
                _add_proofs(database)
        except (*_SQL_ERRORS, UnsoundError) as error:
            if not _is_unsound(error):
                raise
            return _salvage(database, str(error))
        reader = _Reader(database)
        reader.read()
        if missing:
            reader.damage.append("the newest changes were not whole on disk")
            reader.lost += 1
        if reader.sealed_later and not reader.damage:
            _seal(database, reader.rows)
        return reader.found()

    def _check_header(self) -> None:
        """Find what SQLite would take for a file of another format, which it must not write."""
        with self._path.open("rb") as file:
            header = file.read(100)
        if len(header) < 100 or header[18] not in (1, 2) or header[19] not in (1, 2):
            raise UnsoundError("its header is damaged")


class _Reader:
    """Reads the tables and proves what it reads."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.rows: dict[int, Entry] = {}
        self.damage: list[str] = []
        self.lost = 0
        self.sealed_later = False
        self._database = database
        self._counters: dict[str, dict[str, Any]] = {}
        self._open_alerts: dict[str, Entry] = {}

    def read(self) -> None:
        """All of a database whose schema and pages are sound."""
        tally = self._read_tally(self._database.execute("SELECT * FROM tally").fetchall())
        self._read_rows(self._database.execute("SELECT * FROM alert"), tally)
        self._compare(tally)
        self._read_open_alerts()
        self._read_counters()

    def salvage(self) -> None:
        """What can be read and proven of a database with broken pages or names."""
        tally = None
        with contextlib.suppress(*_SQL_ERRORS, ValueError):
            tally = self._read_tally(self._database.execute("SELECT * FROM tally").fetchall())
        for table in _tables(self._database):
            for order in ("", "ORDER BY rowid DESC"):  # from both sides of a broken page
                with contextlib.suppress(*_SQL_ERRORS):
                    self._read_rows(self._database.execute(f"SELECT * FROM {table} {order}"), tally, quietly=True)
        if tally is None:
            self.lost += 1
        else:
            self._compare(tally)
        for read in (self._read_open_alerts, self._read_counters):
            with contextlib.suppress(*_SQL_ERRORS):
                read()

    def found(self) -> Found:
        kept = self._counters
        counters = Counters(kept.get("sequence", {}), kept.get("total", {}), kept.get("boot", {}), self._open_alerts)
        return Found(self.rows, counters, tuple(self.damage), self.lost)

    def _read_tally(self, lines: Sequence[tuple[Any, ...]]) -> dict[str, tuple[int, int, int]] | None:
        """Count, sum and how many came without a checksum, for each topic; None when they contradict themselves."""
        tally: dict[str, tuple[int, int, int]] = {}
        for topic, *numbers in lines:
            if not all(isinstance(number, int) for number in numbers):
                tally_is_sound = False
            else:
                count, total, plain, proof = numbers
                tally_is_sound = proof == 3 * count + 5 * total + 7 * plain
            if not tally_is_sound or not isinstance(topic, bytes):
                self.damage.append("the count of the messages is damaged")
                return None
            tally[topic.decode(errors="replace")] = (count, total, plain)
        return tally

    def _read_rows(
        self,
        lines: Iterable[tuple[Any, ...]],
        tally: Mapping[str, tuple[int, int, int]] | None,
        quietly: bool = False,
    ) -> None:
        plain_known = tally is None or any(plain for _, _, plain in tally.values())
        for line in lines:
            if len(line) != _ROW_VALUES or line[0] in self.rows:
                continue
            entry = _entry(line[1:-1])
            checksum = line[-1]
            if entry is not None and checksum is None and plain_known and _is_sound(entry):
                self.sealed_later = True
            elif entry is None or checksum != entry.checksum:
                if not quietly:
                    self.lost += 1
                    self.damage.append(f"a message is damaged: {_called(line)}")
                continue
            self.rows[line[0]] = entry

    def _read_open_alerts(self) -> None:
        for line in self._database.execute("SELECT * FROM open_alert").fetchall():
            entry = _entry(line)
            if entry is None or line[-1] != entry.checksum:
                self.damage.append(f"an open alert is damaged: {_printable(line[0])}")
            else:
                self._open_alerts[entry.topic] = entry

    def _compare(self, tally: Mapping[str, tuple[int, int, int]] | None) -> None:
        """Find messages that vanished."""
        if tally is None:
            return
        kept: dict[str, list[int]] = {}
        for entry in self.rows.values():
            kept.setdefault(entry.topic, []).append(entry.sequence)
        written = sum(count for count, _, _ in tally.values())
        vanished = written - len(self.rows) - self.lost
        if vanished > 0:
            self.lost += vanished
            short = [topic for topic, (count, _, _) in tally.items() if count > len(kept.get(topic, ()))]
            self.damage.append(f"{vanished} messages vanished: {', '.join(short)}")
        elif vanished < 0 or (not self.lost and not self._sums_agree(tally)):
            self.damage.append("the messages are not those that were counted")

    def _sums_agree(self, tally: Mapping[str, tuple[int, int, int]]) -> bool:
        return sum(total for _, total, _ in tally.values()) == sum(entry.sequence for entry in self.rows.values())

    def _read_counters(self) -> None:
        twins = dict(self._database.execute("SELECT name, value FROM twin").fetchall())
        for table, name, value, kind in _COUNTERS:
            kept = self._counters[table] = {}
            lines = self._database.execute(f"SELECT {name}, {value} FROM {table}").fetchall()
            for key, number in lines:
                twin = twins.pop(table.encode() + b"/" + key, None) if isinstance(key, bytes) else None
                # a number that is whole reads back as an integer where it is a REAL's twin
                if isinstance(number, kind) and isinstance(twin, int | float) and number == -twin:
                    kept[key.decode(errors="replace")] = number
                else:
                    self.damage.append(f"a counter is damaged: {table}")
        self.damage.extend(f"a counter vanished: {_printable(name)}" for name in twins)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=1.0, isolation_level=None, check_same_thread=False)
    # what is damaged need not be text, and must not end the reading
    database.text_factory = bytes
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
    except _SQL_ERRORS as error:
        if not _is_unsound(error):
            database.close()
            raise
    return database


def _is_blank(database: sqlite3.Connection) -> bool:
    """Whether it was made and the power failed before anything was in it."""
    try:
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        (names,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except _SQL_ERRORS as error:
        if not _is_unsound(error):
            raise
        return False
    return bool(pages <= 1 and names == 0)


def _create(database: sqlite3.Connection) -> None:
    database.executescript(f"BEGIN; {_FIRST_SCHEMA} COMMIT;")
    _add_proofs(database)


def _add_proofs(database: sqlite3.Connection) -> None:
    """Turn the first release's schema into today's; what waits there is sealed as it is."""
    rows = {line[0]: entry for line in database.execute("SELECT * FROM alert") if (entry := _entry(line[1:]))}
    database.execute("BEGIN IMMEDIATE")
    with database:
        for statement in _PROOFS:
            database.execute(statement)
        for table in ("sequence", "total", "boot"):  # through the triggers
            database.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
        _seal_in(database, rows)
        database.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")


def _seal(database: sqlite3.Connection, rows: Mapping[int, Entry]) -> None:
    database.execute("BEGIN IMMEDIATE")
    with database:
        _seal_in(database, rows)


def _seal_in(database: sqlite3.Connection, rows: Mapping[int, Entry]) -> None:
    """Give each message its checksum, and count them all."""
    database.executemany(
        "UPDATE alert SET checksum = ? WHERE id = ?", [(one.checksum, row) for row, one in rows.items()]
    )
    tally: dict[str, tuple[int, int]] = {}
    for entry in rows.values():
        count, total = tally.get(entry.topic, (0, 0))
        tally[entry.topic] = count + 1, total + entry.sequence
    database.execute("DELETE FROM tally")
    lines = [(topic, count, total, 0, 3 * count + 5 * total) for topic, (count, total) in tally.items()]
    database.executemany("INSERT INTO tally VALUES (?, ?, ?, ?, ?)", lines)


def _write(
    database: sqlite3.Connection, added: Sequence[Entry], removed: Iterable[int], counters: Counters
) -> list[int]:
    insert = f"INSERT INTO alert ({_COLUMNS}, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    rows = []
    with database:
        database.execute("BEGIN IMMEDIATE")
        for entry in added:
            rows.append(database.execute(insert, (*astuple(entry), entry.checksum)).lastrowid or 0)
        database.executemany("DELETE FROM alert WHERE id = ?", [(row,) for row in removed])
        database.executemany("INSERT OR REPLACE INTO sequence VALUES (?, ?)", counters.sequences.items())
        database.executemany("INSERT OR REPLACE INTO total VALUES (?, ?)", counters.totals.items())
        database.executemany("INSERT OR IGNORE INTO boot VALUES (?, ?)", counters.offsets.items())
        if added:  # only a message opens or ends an alert
            _write_open_alerts(database, counters.open_alerts)
    return rows


def _write_open_alerts(database: sqlite3.Connection, open_alerts: Mapping[str, Entry]) -> None:
    there = {topic.decode(): checksum for topic, checksum in database.execute("SELECT topic, checksum FROM open_alert")}
    wanted = {topic: entry for topic, entry in open_alerts.items() if there.get(topic) != entry.checksum}
    lines = [(*astuple(entry), entry.checksum) for entry in wanted.values()]
    database.executemany("INSERT OR REPLACE INTO open_alert VALUES (?, ?, ?, ?, ?, ?, ?, ?)", lines)
    over = [(topic,) for topic in there if topic not in open_alerts]
    database.executemany("DELETE FROM open_alert WHERE topic = ?", over)


def _check_version(database: sqlite3.Connection) -> None:
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version not in (0, _SCHEMA_VERSION):
        raise UnsoundError(f"of version {version}, not {_SCHEMA_VERSION}")


def _check_schema(database: sqlite3.Connection) -> bool:
    """Whether the tables are those of the first release alone, and sound."""
    there = _schema(database)
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as model:
        model.text_factory = bytes
        model.executescript(_FIRST_SCHEMA)
        first = _schema(model)
        if there == first:
            return True
        for statement in _PROOFS:
            model.execute(statement)
        if _schema(model) <= there:
            return False
    raise UnsoundError("its tables are damaged")


def _schema(database: sqlite3.Connection) -> set[tuple[bytes, bytes, bytes]]:
    lines = database.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    return {(kind, name, b"".join((sql or b"").split())) for kind, name, sql in lines}


def _check_first(database: sqlite3.Connection) -> None:
    """Find what cannot be what the first release wrote: it kept nothing by which more could be proven."""
    for line in database.execute("SELECT * FROM alert"):
        entry = _entry(line[1:])
        if entry is None or not _is_sound(entry):
            raise UnsoundError(f"a message is damaged: {_called(line)}")
    for table, name, value, kind in _COUNTERS:
        for key, number in database.execute(f"SELECT {name}, {value} FROM {table}"):
            if not isinstance(key, bytes) or not isinstance(number, kind):
                raise UnsoundError(f"a counter is damaged: {table}")


def _salvage(database: sqlite3.Connection, reason: str) -> Found:
    reader = _Reader(database)
    reader.damage.append(reason)
    reader.salvage()
    return reader.found()


def _tables(database: sqlite3.Connection) -> Iterator[str]:
    yield "alert"
    with contextlib.suppress(*_SQL_ERRORS):
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if name != b"alert":
                yield '"' + name.decode(errors="replace").replace('"', '""') + '"'


def _entry(values: Sequence[Any]) -> Entry | None:
    """A message of what a row holds; None when that cannot be one."""
    values = values[:7]
    try:
        texts: list[Any] = [value.decode() if isinstance(value, bytes) else value for value in values]
    except UnicodeDecodeError:
        return None
    kinds = (str, str, int, str, str, float, float)
    if len(texts) != len(kinds) or not all(isinstance(text, kind) for text, kind in zip(texts, kinds, strict=True)):
        return None
    return Entry(*texts)


def _is_sound(entry: Entry) -> bool:
    """Whether what came without a checksum is an alert as this program makes them: none may be invented."""
    try:
        message = ALERT.validate_json(entry.payload)
    except ValidationError:
        return False
    return (message.sequence, message.phase) == (entry.sequence, entry.phase) and entry.topic.endswith(
        f"/alert/{message.kind}"
    )


def _called(line: Sequence[Any]) -> str:
    return f"{_printable(line[1])} {line[3]}" if len(line) > 3 else "unreadable"


def _printable(value: object) -> str:
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:100]


def _is_unsound(error: Exception) -> bool:
    """Whether the file itself is damaged, rather than full, locked, read-only or out of reach."""
    if not isinstance(error, sqlite3.Error):
        return True
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # raised by the module itself or by a test, not by the library
        return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
    return code & 0xFF in _UNSOUND


def _set_aside(path: Path) -> None:
    """Rename the file and its write-ahead log, which belong together."""
    broken = path.with_name(f"{path.name}.broken")
    for tail in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + tail).replace(broken.with_name(broken.name + tail))


def _finish_replacement(path: Path) -> None:
    """Where the power failed while a file was replaced: the new one is whole, and the old one's log must not stay."""
    fresh = path.with_name(f"{path.name}.new")
    if not path.exists() and fresh.exists():
        _set_aside(path)
        fresh.replace(path)
        sync_folder(path.parent)
    fresh.unlink(missing_ok=True)


def _committed_frames(wal: Path) -> list[int]:
    """Numbers, from 1, of the frames in a write-ahead log that end a transaction, as far as their headers tell.

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


def _lost_commits(database: sqlite3.Connection, commits: Sequence[int]) -> int:
    """How many transactions in the write-ahead log SQLite does not take because a frame before them is damaged."""
    if not commits:
        return 0
    _, frames, _ = database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return 0 if frames < 0 else sum(commit > frames for commit in commits)
