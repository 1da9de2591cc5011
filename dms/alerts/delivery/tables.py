"""Writes the rows of an outbox's file, and makes, checks and takes over its tables.

Beside each message lies a checksum; beside each counter its negative (``twin``); beside the set of messages its count
and sum for each topic (``tally``). Triggers keep twin and tally, so that an older release, which knows neither, keeps
them too: its tables and columns are all still there.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from dms.alerts.delivery.entry import Entry, Sealed
from dms.alerts.delivery.kept import SQL_ERRORS, Counters, UnsoundError, is_unsound
from dms.alerts.delivery.rows import called, entry_of, is_sound

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
_REWRITTEN = "phase = ?, sequence = ?, payload = ?, boot = ?, t = ?, started_t = ?, checksum = ?"
COUNTERS = (("sequence", "topic", "last", int), ("total", "name", "value", int), ("boot", "id", "utc_offset", float))
"""Table, its key, its number, and of what kind that is."""


def is_blank(database: sqlite3.Connection) -> bool:
    """Return whether it was made and the power failed before anything was in it."""
    try:
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        (names,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except SQL_ERRORS as error:
        if not is_unsound(error):
            raise
        return False
    return bool(pages <= 1 and names == 0)


def create(database: sqlite3.Connection) -> None:
    """Make the tables in an empty database."""
    database.executescript(f"BEGIN; {_FIRST_SCHEMA} COMMIT;")
    add_proofs(database)


def add_proofs(database: sqlite3.Connection) -> None:
    """Turn the first release's schema into today's; what waits there is sealed as it is."""
    rows = {line[0]: entry for line in database.execute("SELECT * FROM alert") if (entry := entry_of(line[1:]))}
    database.execute("BEGIN IMMEDIATE")
    with database:
        for statement in _PROOFS:
            database.execute(statement)
        for table in ("sequence", "total", "boot"):  # through the triggers
            database.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
        _seal_in(database, rows)
        database.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")


def seal(database: sqlite3.Connection, rows: Mapping[int, Entry]) -> None:
    """Give messages that an older release has written what proves them."""
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


def write(
    database: sqlite3.Connection, added: Sequence[Entry], removed: Iterable[int], now: Counters, before: Counters
) -> list[int]:
    """Write changes in one transaction, as few pages as possible; returns the ids of the added messages.

    Args:
        database: The file.
        added: Messages.
        removed: Ids of messages.
        now: What the counters become.
        before: What they are in the file.
    """
    insert = f"INSERT INTO alert ({_COLUMNS}, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    lines = [entry.sealed() for entry in added]
    with database:
        database.execute("BEGIN IMMEDIATE")
        rows = [database.execute(insert, line).lastrowid or 0 for line in lines]
        for row in removed:
            database.execute("DELETE FROM alert WHERE id = ?", (row,))
        kept = ((now.sequences, before.sequences), (now.totals, before.totals), (now.offsets, before.offsets))
        for (table, name, value, _), (numbers, known) in zip(COUNTERS, kept, strict=True):
            for key, number in numbers.items():
                if key not in known:
                    # a trigger adds the twin
                    database.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", (key, number))
                elif known[key] != number:
                    database.execute(f"UPDATE {table} SET {value} = ? WHERE {name} = ?", (number, key))
                    database.execute("UPDATE twin SET value = ? WHERE name = ?", (-number, f"{table}/{key}"))
        _write_open_alerts(database, now.open_alerts, before.open_alerts, dict(zip(added, lines, strict=True)))
    return rows


def _write_open_alerts(
    database: sqlite3.Connection,
    now: Mapping[str, Entry],
    before: Mapping[str, Entry],
    sealed: Mapping[Entry, Sealed],
) -> None:
    for topic, entry in now.items():
        if before.get(topic) is entry:
            continue
        line = sealed.get(entry) or entry.sealed()
        if topic not in before:
            database.execute("INSERT OR REPLACE INTO open_alert VALUES (?, ?, ?, ?, ?, ?, ?, ?)", line)
        elif before[topic] != entry:
            database.execute(f"UPDATE open_alert SET {_REWRITTEN} WHERE topic = ?", (*line[1:], topic))
    for topic in before:
        if topic not in now:
            database.execute("DELETE FROM open_alert WHERE topic = ?", (topic,))


def check_version(database: sqlite3.Connection) -> None:
    """Raise UnsoundError for a version that is not ours."""
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version not in (0, _SCHEMA_VERSION):
        raise UnsoundError(f"of version {version}, not {_SCHEMA_VERSION}")


def check_schema(database: sqlite3.Connection) -> bool:
    """Return whether the tables are those of the first release alone, and sound."""
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


def check_first(database: sqlite3.Connection) -> None:
    """Find what cannot be what the first release wrote: it kept nothing by which more could be proven."""
    for line in database.execute("SELECT * FROM alert"):
        entry = entry_of(line[1:])
        if entry is None or not is_sound(entry):
            raise UnsoundError(f"a message is damaged: {called(line)}")
    for table, name, value, kind in COUNTERS:
        for key, number in database.execute(f"SELECT {name}, {value} FROM {table}"):
            if not isinstance(key, bytes) or not isinstance(number, kind):
                raise UnsoundError(f"a counter is damaged: {table}")
