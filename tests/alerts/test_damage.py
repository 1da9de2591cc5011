"""Whatever bit flips and whatever write is torn: no alert is altered, none lost unreported, none blocks the others.

A hundred of each in every run; the 5,000 flips and 200 torn writes of the endurance run: ``pytest -m endurance``.
"""

import random
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pytest

from dms.alerts.clock import Clock
from dms.alerts.delivery.entry import Entry
from dms.alerts.delivery.lateness import as_sent
from dms.alerts.delivery.outbox import Outbox

from .make import ANGER, FATIGUE, entry

MANY = 1000
MESSAGES = 40
SECTOR = 512
BOOT_OFFSET = 1.75e9
FEW_FLIPS, MANY_FLIPS = 100, 5000
FEW_TEARS, MANY_TEARS = 100, 200
FILES = ("outbox.sqlite", "outbox.sqlite-wal", "outbox.numbers")
"""What is on disk after a kill; the shared memory file is made anew by whoever opens first."""


@dataclass(frozen=True)
class Image:
    """What a disk holds, and what has been promised to be on it."""

    files: dict[str, bytes]
    entries: tuple[Entry, ...]
    last: int

    def lay_out(self, folder: Path) -> Path:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        return folder / "outbox.sqlite"


def image(folder: Path, entries: list[Entry], last: int) -> Image:
    files = {name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()}
    return Image(files, tuple(entries), last)


def messages() -> list[Entry]:
    """Both kinds in turn, every fourth one waiting no longer: rows go as they do in use."""
    return [entry(sequence=1 + number // 2, topic=(FATIGUE, ANGER)[number % 2]) for number in range(MESSAGES + 10)]


def lived_in(folder: Path, closed: bool) -> Image:
    outbox = Outbox(folder / "outbox.sqlite", MANY)
    outbox.remember_boot("this-boot", BOOT_OFFSET)
    entries = messages()
    for one in entries:
        outbox.put(one)
    outbox.remove(range(1, 11))
    if closed:
        outbox.close()
    return image(folder, entries[10:], entries[-1].sequence)


def check(path: Path, disk: Image, known: Collection[Entry] = (), lossless: bool = False) -> bool:
    """Open the outbox and hold it to its promises; gives whether it said that something was damaged.

    Args:
        path: The outbox.
        disk: What must be there.
        known: What may be there, ``messages()`` when empty.
        lossless: Nothing may be missing, reported or not.
    """
    outbox = Outbox(path, MANY)
    kept = [one for _, one in outbox.waiting(MANY)]
    assert set(kept) <= set(known or messages()), "an alert was altered"
    assert outbox.boot_offset("this-boot") in (BOOT_OFFSET, None), "an alert would be altered"
    missing = set(disk.entries) - set(kept)
    assert not (missing and lossless), f"{len(missing)} alerts were lost although the disk had them"
    assert not missing or outbox.status.damaged, f"{len(missing)} alerts were dropped unreported"
    for topic in (FATIGUE, ANGER):
        numbers = [one.sequence for one in kept if one.topic == topic]
        assert numbers == sorted(set(numbers))
        assert outbox.last_sequence(topic) >= disk.last, "a number would be used twice"
    for one in kept:
        assert as_sent(one, Clock(trust=True), "this-boot", None)
    said = outbox.status.damage is not None
    number = outbox.last_sequence(FATIGUE) + 1
    outbox.put(entry(sequence=number))
    assert outbox.status.error is None, "alerts are not kept on disk"
    outbox.close()
    again = Outbox(path, MANY)
    assert [one for _, one in again.waiting(MANY)] == [*kept, entry(sequence=number)]
    assert again.status.damage is None
    again.close()
    return said


def flip(disk: Image, chance: random.Random) -> Image:
    names = sorted(disk.files)
    name = chance.choices(names, [len(disk.files[one]) for one in names])[0]
    content = bytearray(disk.files[name])
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return Image({**disk.files, name: bytes(content)}, disk.entries, disk.last)


def run_flips(tmp_path: Path, count: int) -> None:
    disks = [lived_in(tmp_path / f"closed {closed}", closed) for closed in (True, False)]
    chance = random.Random(15)
    said = 0
    for number in range(count):
        path = flip(disks[number % 2], chance).lay_out(tmp_path / "flipped")
        said += check(path, disks[number % 2])
    assert 0 < said < count


@pytest.mark.slow
def test_a_flipped_bit_alters_no_alert_and_loses_none_unreported(tmp_path: Path) -> None:
    run_flips(tmp_path, FEW_FLIPS)


@pytest.mark.endurance
def test_five_thousand_flipped_bits(tmp_path: Path) -> None:
    run_flips(tmp_path, MANY_FLIPS)


def torn(before: bytes, after: bytes, chance: random.Random) -> bytes:
    """A file of which some sectors were written when the power failed."""
    length = chance.choice([len(before), len(after), chance.randrange(len(after) + 1)]) if after else 0
    length = max(length, min(len(before), len(after)))
    old, new = before.ljust(length, b"\0"), after.ljust(length, b"\0")
    starts = range(0, length, SECTOR)
    return b"".join((new if chance.random() < 0.5 else old)[i : i + SECTOR] for i in starts)[:length]


def history(folder: Path) -> list[Image]:
    """What the disk holds after each change, with a checkpoint in between."""
    folder.mkdir()
    outbox = Outbox(folder / "outbox.sqlite", MANY)
    outbox.remember_boot("this-boot", BOOT_OFFSET)
    disks = []
    waiting: list[Entry] = []
    last = 0
    for number, one in enumerate(messages(), start=1):
        outbox.put(one)
        waiting.append(one)
        if number % 5 == 0:
            outbox.remove([number - 4])
            waiting.remove(messages()[number - 5])
        last = one.sequence - 1 if one.topic == FATIGUE else one.sequence
        disks.append(image(folder, waiting, last))
        if number % 7 == 0:
            assert outbox._disk._store._database is not None
            outbox._disk._store._database.execute("PRAGMA wal_checkpoint(RESTART)")
            disks.append(image(folder, waiting, last))
    return disks


def run_tears(tmp_path: Path, count: int) -> None:
    disks = history(tmp_path / "history")
    chance = random.Random(16)
    for _ in range(count):
        number = chance.randrange(len(disks) - 1)
        before, after = disks[number], disks[number + 1]
        # what waited before and is not removed by the change that was torn
        promised = tuple(one for one in before.entries if one in after.entries)
        files = {
            name: torn(before.files.get(name, b""), after.files.get(name, b""), chance)
            for name in ("outbox.sqlite", "outbox.sqlite-wal")
        }
        numbers = chance.choice([before, after]).files["outbox.numbers"]  # replaced whole
        disk = Image({**files, "outbox.numbers": numbers}, promised, before.last)
        check(disk.lay_out(tmp_path / "torn"), disk)


@pytest.mark.slow
def test_a_torn_write_alters_no_alert_and_loses_none_unreported(tmp_path: Path) -> None:
    run_tears(tmp_path, FEW_TEARS)


@pytest.mark.endurance
def test_two_hundred_torn_writes(tmp_path: Path) -> None:
    run_tears(tmp_path, MANY_TEARS)
