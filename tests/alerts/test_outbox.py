"""What is put survives: restarts, kills, power cuts, full and broken disks."""

import errno
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.alerts.clock import FLOOR
from dms.alerts.delivery.entry import Entry
from dms.alerts.delivery.numbers import BLOCK, NumberFile
from dms.alerts.delivery.outbox import Outbox
from dms.driver.state import Phase

from .make import ANGER, FATIGUE, entry

MANY = 1000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "outbox.sqlite"


def waiting(outbox: Outbox) -> list[Entry]:
    return [kept for _, kept in outbox.waiting(10**6)]


def sequences(outbox: Outbox) -> list[int]:
    return [kept.sequence for kept in waiting(outbox)]


def assert_sound(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def fill(outbox: Outbox, count: int, first: int = 1) -> list[Entry]:
    entries = [entry(sequence=number, text="x" * 200) for number in range(first, first + count)]
    for one in entries:
        outbox.put(one)
    return entries


def test_what_was_put_is_there_after_a_restart_in_order(path: Path) -> None:
    outbox = Outbox(path, MANY)
    entries = fill(outbox, 50)
    outbox.remove(key for key, _ in outbox.waiting(10))
    outbox.close()
    assert_sound(path)
    assert waiting(Outbox(path, MANY)) == entries[10:]


def test_what_was_put_is_there_without_a_close(path: Path) -> None:
    entries = fill(Outbox(path, MANY), 50)
    assert waiting(Outbox(path, MANY)) == entries


def test_the_sequence_goes_on_when_all_is_delivered_and_the_program_restarts(path: Path) -> None:
    outbox = Outbox(path, MANY)
    fill(outbox, 5)
    outbox.remove(key for key, _ in outbox.waiting(10))
    outbox.close()
    again = Outbox(path, MANY)
    assert (len(again), again.last_sequence(FATIGUE), again.last_sequence(ANGER)) == (0, 5, 0)


def test_messages_are_taken_in_portions(path: Path) -> None:
    outbox = Outbox(path, MANY)
    fill(outbox, 5)
    first = dict(outbox.waiting(3))
    second = dict(outbox.waiting(3, taken=first))
    assert [kept.sequence for kept in (*first.values(), *second.values())] == [1, 2, 3, 4, 5]
    assert outbox.waiting(3, taken=first | second) == []


def test_messages_of_a_held_topic_take_no_room_from_the_others(path: Path) -> None:
    outbox = Outbox(path, MANY)
    for number in range(1, 4):
        outbox.put(entry(sequence=number, topic=ANGER))
    fill(outbox, 3)
    assert [(kept.topic, kept.sequence) for _, kept in outbox.waiting(2, held=[ANGER])] == [(FATIGUE, 1), (FATIGUE, 2)]


def test_forgetting_twice_is_no_error(path: Path) -> None:
    outbox = Outbox(path, MANY)
    fill(outbox, 2)
    outbox.remove([1, 1, 99])
    outbox.remove([1])
    assert sequences(outbox) == [2]


def test_the_offset_of_a_boot_is_kept_as_long_as_its_alerts_wait(path: Path) -> None:
    outbox = Outbox(path, MANY)
    outbox.put(entry())
    outbox.remember_boot("this-boot", 5.0)
    outbox.remember_boot("this-boot", 6.0)
    outbox.close()
    again = Outbox(path, MANY)
    assert again.boot_offset("this-boot") == 5.0
    again.remove([1])
    again.close()
    assert Outbox(path, MANY).boot_offset("this-boot") is None


def test_a_full_outbox_drops_updates_first_then_ends_never_a_start_or_the_newest_end(path: Path) -> None:
    outbox = Outbox(path, 4)
    steps = [Phase.START, Phase.UPDATE, Phase.UPDATE, Phase.END, Phase.START, Phase.END, Phase.START, Phase.START]
    for number, phase in enumerate(steps, start=1):
        outbox.put(entry(phase, number))
    assert [(kept.sequence, kept.phase) for kept in waiting(outbox)] == [
        (1, "start"),
        (5, "start"),
        (6, "end"),
        (7, "start"),
        (8, "start"),
    ]
    assert outbox.status.dropped == 3
    outbox.close()
    again = Outbox(path, 4)
    assert (len(again), again.status.dropped) == (5, 3)


@settings(max_examples=60, deadline=None)
@given(
    limit=st.integers(1, 12),
    raised=st.lists(st.tuples(st.sampled_from(Phase), st.sampled_from([FATIGUE, ANGER])), max_size=40),
    acknowledged=st.lists(st.integers(0, 39), max_size=10),
)
def test_the_bound_holds_and_what_is_dropped_is_droppable(
    tmp_path_factory: pytest.TempPathFactory,
    limit: int,
    raised: list[tuple[Phase, str]],
    acknowledged: list[int],
) -> None:
    path = tmp_path_factory.mktemp("outbox") / "outbox.sqlite"
    outbox = Outbox(path, limit)
    put: list[Entry] = []
    removed: set[int] = set()
    for number, (phase, topic) in enumerate(raised, start=1):
        put.append(entry(phase, number, topic))
        outbox.put(put[-1])
        if number in acknowledged:
            key, first = outbox.waiting(1)[0]
            outbox.remove([key])
            removed.add(first.sequence)
    kept = waiting(outbox)
    gone = [one for one in put if one not in kept and one.sequence not in removed]
    assert [one.sequence for one in kept] == sorted(one.sequence for one in kept)
    assert len(gone) == outbox.status.dropped
    assert not [one for one in gone if one.phase == Phase.START]
    for topic in (FATIGUE, ANGER):
        ends = [one for one in put if one.phase == Phase.END and one.topic == topic]
        assert not ends or ends[-1] not in gone
    spare = [one for one in kept if one.phase == Phase.UPDATE]
    assert len(kept) <= limit or not spare
    outbox.close()
    with closing(Outbox(path, limit)) as again:
        assert waiting(again) == kept
    assert_sound(path)


def power_cut(path: Path, copy: Path, wal_bytes: int | None = None) -> Path:
    """What is on disk after the power failed: the file, and the log as far as it had been written."""
    copy.mkdir()
    image = copy / path.name
    image.write_bytes(path.read_bytes())
    wal = path.with_name(f"{path.name}-wal").read_bytes()
    image.with_name(f"{path.name}-wal").write_bytes(wal[:wal_bytes])
    return image


def test_a_log_torn_anywhere_gives_back_exactly_the_commits_before_the_tear(path: Path, tmp_path: Path) -> None:
    outbox = Outbox(path, MANY)
    wal = path.with_name(f"{path.name}-wal")
    durable = [0]
    for number in range(1, 21):
        outbox.put(entry(sequence=number, text="x" * 300))
        durable.append(wal.stat().st_size)
    chance = random.Random(1)
    size = wal.stat().st_size
    for cut in [*durable[1:], *(chance.randrange(size) for _ in range(30))]:
        image = power_cut(path, tmp_path / f"cut{chance.random()}", cut)
        with closing(Outbox(image, MANY)) as again:
            survived = sequences(again)
        assert survived == list(range(1, len(survived) + 1))
        assert len(survived) == sum(end <= cut for end in durable[1:])
        assert_sound(image)


def test_a_checkpoint_torn_between_sectors_loses_nothing(path: Path, tmp_path: Path) -> None:
    outbox = Outbox(path, MANY)
    fill(outbox, 40)
    before = power_cut(path, tmp_path / "before")
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(FULL)")
    after = path.read_bytes()
    chance = random.Random(2)
    for number in range(20):
        image = power_cut(before, tmp_path / f"torn{number}")
        old = before.read_bytes().ljust(len(after), b"\0")
        sectors = [(after if chance.random() < 0.5 else old)[i : i + 512] for i in range(0, len(after), 512)]
        image.write_bytes(b"".join(sectors))
        assert sequences(Outbox(image, MANY)) == list(range(1, 41))
        assert_sound(image)


@pytest.mark.parametrize("damage", ["header", "pages", "empty", "text", "truncated", "version"])
def test_a_broken_file_is_set_aside_and_nothing_is_invented(path: Path, damage: str) -> None:
    outbox = Outbox(path, MANY)
    fill(outbox, 60)
    outbox.close()
    content = bytearray(path.read_bytes())
    if damage == "header":
        content[:100] = bytes(100)
    elif damage == "pages":
        content[4096 * 6 : 4096 * 8] = random.Random(3).randbytes(4096 * 2)
    elif damage == "truncated":
        del content[len(content) // 2 :]
    elif damage == "version":
        content[60:64] = (99).to_bytes(4, "big")
    path.write_bytes(b"" if damage == "empty" else b"not a database" * 100 if damage == "text" else bytes(content))
    again = Outbox(path, MANY)
    survived = sequences(again)
    assert survived == sorted(set(survived))
    assert set(survived) <= set(range(1, 61))
    if damage == "version":
        assert survived == list(range(1, 61))
    if damage != "empty":
        assert path.with_name("outbox.sqlite.broken").exists()
    if set(survived) != set(range(1, 61)):
        assert again.status.damaged >= 1
    assert 60 < again.last_sequence(FATIGUE) <= 60 + BLOCK
    again.put(entry(sequence=again.last_sequence(FATIGUE) + 1))
    again.close()
    assert_sound(path)
    assert sequences(Outbox(path, MANY))[:-1] == survived


def numbers_of(path: Path) -> Path:
    return path.with_name("outbox.numbers")


def test_the_count_goes_on_where_the_database_is_gone_empty_or_broken(path: Path) -> None:
    outbox = Outbox(path, MANY)
    fill(outbox, 5)
    outbox.close()
    for damage in (b"", b"noise" * 1000, None):
        last = Outbox(path, MANY).last_sequence(FATIGUE)
        path.unlink()
        if damage is not None:
            path.write_bytes(damage)
        again = Outbox(path, MANY)
        assert last < again.last_sequence(FATIGUE) <= last + BLOCK
        again.put(entry(sequence=again.last_sequence(FATIGUE) + 1))
        again.close()
        assert Outbox(path, MANY).last_sequence(FATIGUE) == again.last_sequence(FATIGUE)


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"not_reached": {"a": 1}, "blake2b": 7}', b"[" * 100_000, b"\xff"])
def test_a_number_file_that_is_not_whole_is_not_believed(path: Path, damage: bytes) -> None:
    outbox = Outbox(path, MANY)
    fill(outbox, 5)
    outbox.close()
    numbers_of(path).write_bytes(damage)
    assert Outbox(path, MANY).last_sequence(FATIGUE) == 5  # the database is sound
    path.write_bytes(b"")
    assert Outbox(path, MANY).last_sequence(FATIGUE) >= int(FLOOR)


def test_an_old_copy_of_the_database_does_not_set_the_count_back(path: Path, tmp_path: Path) -> None:
    outbox = Outbox(path, MANY)
    fill(outbox, 1)
    outbox.close()
    copy = path.read_bytes()
    outbox = Outbox(path, MANY)
    outbox.put(entry(sequence=BLOCK + 500))
    outbox.close()
    path.write_bytes(copy)
    assert Outbox(path, MANY).last_sequence(FATIGUE) > BLOCK + 500


def test_the_number_file_is_written_once_in_a_block(path: Path) -> None:
    outbox = Outbox(path, 10 * BLOCK)
    written = []
    for number in range(1, BLOCK + 10):
        outbox.put(Entry(FATIGUE, Phase.START, number, "x", "boot", 1.0, 1.0))
        written.append(numbers_of(path).stat().st_ino)
    assert 1 <= len(set(written)) <= 2


def test_a_number_file_that_could_not_be_written_is_a_fault_until_it_is(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    outbox = Outbox(path, MANY)
    with monkeypatch.context() as patch:
        patch.setattr(NumberFile, "_write", full)  # a disk that is full for one file alone
        outbox.put(entry(sequence=1))
        outbox.sync()
        assert "No space left" in str(outbox.status.error)
    outbox.sync()
    assert outbox.status.error is None
    path.write_bytes(b"")
    assert 1 <= Outbox(path, MANY).last_sequence(FATIGUE) <= 1 + BLOCK


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sequence SET last = 'many'",
        "UPDATE sequence SET last = 2.5",
        "UPDATE total SET value = 'many'",
        "UPDATE boot SET utc_offset = 'never'",
        "UPDATE twin SET value = 'many'",
        "UPDATE tally SET count = 3",
        "UPDATE tally SET proof = 'x'",
        "DELETE FROM twin",
        "DELETE FROM tally",
        "ALTER TABLE alert RENAME TO alerv",
        "DROP TRIGGER alert_gone",
        "DROP TABLE sequence",
    ],
)
def test_damaged_counters_and_tables_cost_no_message_and_are_named(path: Path, statement: str) -> None:
    outbox = Outbox(path, MANY)
    entries = fill(outbox, 4)
    outbox.remember_boot("this-boot", 5.0)
    outbox.close()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(statement)
    again = Outbox(path, MANY)
    assert waiting(again) == entries
    assert again.status.damage
    assert 4 < again.last_sequence(FATIGUE) <= 4 + BLOCK
    assert again.boot_offset("this-boot") in (5.0, None)
    again.put(entry(sequence=again.last_sequence(FATIGUE) + 1))
    assert again.status.error is None
    again.close()
    once_more = Outbox(path, MANY)
    assert (once_more.status.damage, len(once_more)) == (None, 5)


def test_a_message_that_vanished_is_counted_and_its_topic_named(path: Path) -> None:
    outbox = Outbox(path, MANY)
    fill(outbox, 4)
    outbox.close()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DROP TRIGGER alert_gone")
        gone = "CREATE TRIGGER alert_gone AFTER DELETE ON alert BEGIN SELECT 1; END"
        database.execute(gone)
        database.execute("DELETE FROM alert WHERE sequence = 2")
    again = Outbox(path, MANY)
    assert sequences(again) == [1, 3, 4]
    assert again.status.damaged == 1
    assert again.status.damage is not None
    assert FATIGUE in again.status.damage
    again.close()
    assert Outbox(path, MANY).status.damaged == 1


def test_what_can_never_be_sent_is_put_aside_and_counted(path: Path) -> None:
    outbox = Outbox(path, MANY)
    fill(outbox, 2)
    outbox.put_aside(1, "no JSON")
    outbox.put_aside(1, "no JSON")
    assert (sequences(outbox), outbox.status.damaged) == ([2], 1)
    assert outbox.status.damage == f"{FATIGUE} 1 cannot be sent: no JSON"


def test_a_replacement_that_the_power_interrupted_is_finished(path: Path) -> None:
    outbox = Outbox(path, MANY)
    entries = fill(outbox, 3)
    outbox.close()
    path.replace(path.with_name("outbox.sqlite.new"))
    path.with_name("outbox.sqlite-wal").write_bytes(b"of the file that was set aside")
    again = Outbox(path, MANY)
    assert waiting(again) == entries
    assert again.status.damage is None


def shrink_disk(outbox: Outbox, pages: int) -> None:
    """Let SQLite find the disk full, as it would report it."""
    assert outbox._disk._store._database is not None
    outbox._disk._store._database.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_keeps_alerts_in_memory_until_there_is_room(path: Path) -> None:
    outbox = Outbox(path, MANY)
    shrink_disk(outbox, 1)
    entries = fill(outbox, 200)
    assert outbox.status.error is not None
    assert "full" in outbox.status.error
    assert waiting(outbox) == entries
    on_disk = waiting(Outbox(path, MANY))
    assert on_disk == entries[: len(on_disk)]
    assert len(on_disk) < len(entries)
    outbox.remove(key for key, _ in outbox.waiting(5))
    shrink_disk(outbox, 10_000)
    outbox.sync()
    assert outbox.status.error is None
    assert waiting(Outbox(path, MANY)) == entries[5:]
    outbox.close()
    assert_sound(path)


def test_a_really_full_file_system_loses_nothing_that_was_written(path: Path) -> None:
    """RLIMIT_FSIZE makes the kernel refuse every write beyond 256 kB, in a process of its own."""
    script = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from dms.alerts.delivery.outbox import Outbox
from dms.alerts.delivery.entry import Entry
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
outbox = Outbox(Path(sys.argv[1]), 10000)
resource.setrlimit(resource.RLIMIT_FSIZE, (262144, 262144))
for number in range(1, 301):
    outbox.put(Entry("topic", "start", number, "x" * 2000, "boot", 1.0, 1.0))
    if outbox.status.error is not None:
        break
print(number, len(outbox), outbox.status.error)
"""
    path.parent.mkdir()
    root = str(Path(__file__).parents[2])
    command: list[str | Path] = [sys.executable, "-c", script, path, root]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    refused, held, error = ran.stdout.split(maxsplit=2)
    assert error.strip() != "None"
    assert held == refused
    survived = sequences(Outbox(path, MANY))
    assert survived == list(range(1, int(refused)))
    assert_sound(path)


def test_a_disk_that_is_not_there_at_the_start_is_taken_into_use_when_it_comes(tmp_path: Path) -> None:
    blocked = tmp_path / "state"
    blocked.write_text("a file where the folder should be")
    outbox = Outbox(blocked / "outbox.sqlite", MANY)
    assert outbox.status.error is not None
    number = outbox.last_sequence(FATIGUE) + 1
    assert number > int(FLOOR)
    outbox.put(entry(sequence=number))
    blocked.unlink()
    outbox.sync()
    assert outbox.status.error is None
    assert sequences(Outbox(blocked / "outbox.sqlite", MANY)) == [number]


def test_a_file_that_breaks_while_it_is_used_is_replaced_from_memory(path: Path) -> None:
    outbox = Outbox(path, MANY)
    entries = fill(outbox, 30)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DROP TABLE tally")
    outbox.put(entry(sequence=31))
    assert outbox.status.error is not None
    outbox.sync()
    assert outbox.status.error is None
    assert waiting(Outbox(path, MANY)) == [*entries, entry(sequence=31)]
    assert_sound(path)


def test_a_locked_file_is_a_fault_that_passes(path: Path) -> None:
    outbox = Outbox(path, MANY)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        outbox.put(entry(sequence=1))
        assert outbox.status.error is not None
        other.execute("ROLLBACK")
    outbox.put(entry(sequence=2))
    assert outbox.status.error is None
    assert sequences(Outbox(path, MANY)) == [1, 2]


def test_from_a_broken_file_only_real_messages_are_taken_over(path: Path) -> None:
    outbox = Outbox(path, MANY)
    fill(outbox, 3)
    outbox.close()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE alert SET payload = 'noise' WHERE id = 1")
        database.execute("UPDATE alert SET sequence = 77 WHERE id = 2")
        database.execute("PRAGMA user_version = 99")
    again = Outbox(path, MANY)
    assert sequences(again) == [3]
    assert again.status.damaged == 2
