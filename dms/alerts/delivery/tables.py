"""The tables of an outbox's file: how they are made, taken over from the first release, checked and written.

Beside each message lies a checksum; beside each counter its negative (``twin``); beside the set of messages its count
and sum for each topic (``tally``). Triggers keep twin and tally, so that an older release, which knows neither, keeps
them too: its tables and columns are all still there.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple

from dms.alerts.delivery.entry import Entry
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
COUNTERS = (("sequence", "topic", "last", int), ("total", "name", "value", int), ("boot", "id", "utc_offset", float))
"""Table, its key, its number, and of what kind that is."""


def is_blank(database: sqlite3.Connection) -> bool:
    """Whether it was made and the power failed before anything was in it."""
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
    database: sqlite3.Connection, added: Sequence[Entry], removed: Iterable[int], counters: Counters
) -> list[int]:
    """Write changes in one transaction; returns the ids of the added messages."""
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
            write_open_alerts(database, counters.open_alerts)
    return rows


def write_open_alerts(database: sqlite3.Connection, open_alerts: Mapping[str, Entry]) -> None:
    """Let the table of open alerts be these."""
    there = {topic.decode(): checksum for topic, checksum in database.execute("SELECT topic, checksum FROM open_alert")}
    wanted = {topic: entry for topic, entry in open_alerts.items() if there.get(topic) != entry.checksum}
    lines = [(*astuple(entry), entry.checksum) for entry in wanted.values()]
    database.executemany("INSERT OR REPLACE INTO open_alert VALUES (?, ?, ?, ?, ?, ?, ?, ?)", lines)
    over = [(topic,) for topic in there if topic not in open_alerts]
    database.executemany("DELETE FROM open_alert WHERE topic = ?", over)


def check_version(database: sqlite3.Connection) -> None:
    """Raise UnsoundError for a version that is not ours."""
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version not in (0, _SCHEMA_VERSION):
        raise UnsoundError(f"of version {version}, not {_SCHEMA_VERSION}")


def check_schema(database: sqlite3.Connection) -> bool:
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
