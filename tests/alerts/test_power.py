"""The power fails in the middle of whatever the outbox does: no alert that was put is lost, none is altered or blocked.

A hundred cuts in every run; the 5,000 of the endurance run: ``pytest -m endurance -s tests/alerts/test_power.py``.
"""

import random
from collections import Counter
from pathlib import Path

import pytest

from dms.alerts.delivery.entry import Entry
from dms.alerts.delivery.outbox import Outbox
from dms.driver.state import Phase

from .make import ANGER, FATIGUE, entry
from .power import Recording, Step, after_cut, library, recording
from .test_damage import BOOT_OFFSET, MANY, Image, check

FEW_CUTS, MANY_CUTS = 100, 5000
PHASES = list(Phase)


def messages() -> list[Entry]:
    kinds = (FATIGUE, ANGER)
    return [entry(PHASES[number // 2 % 3], 1 + number // 2, kinds[number % 2]) for number in range(60)]


def live(folder: Path, disk: Recording) -> None:
    """An outbox is made, filled, emptied, checkpointed, closed and opened again, as in a year of use."""
    path = folder / "outbox.sqlite"
    numbers = path.with_name("outbox.numbers")
    waiting: list[Entry] = []
    outbox, kept_numbers = Outbox(path, MANY), b""
    outbox.remember_boot("this-boot", BOOT_OFFSET)

    def promise(last: int) -> None:
        nonlocal kept_numbers
        if numbers.read_bytes() != kept_numbers:
            kept_numbers = numbers.read_bytes()
            disk.replace(numbers)
        disk.promise(Image({}, tuple(waiting), last))

    for number, one in enumerate(messages()):
        outbox.put(one)
        waiting.append(one)
        promise(last=(number + 1) // 2)
        if number % 5 == 4:
            done = [waiting.pop(0) for _ in range(4)]
            promise(last=(number + 1) // 2)  # from here on those may be there or not
            outbox.remove([key for key, kept in outbox.waiting(MANY) if kept in done])
        if number % 17 == 16:
            assert outbox._disk._store._database is not None
            outbox._disk._store._database.execute("PRAGMA wal_checkpoint(RESTART)")
        if number % 23 == 22:
            outbox.close()
            outbox = Outbox(path, MANY)
    outbox.close()


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> list[Step]:
    """What SQLite did to the disk meanwhile."""
    sqlite = library()
    if sqlite is None:
        pytest.skip("this Python has SQLite built in: its file functions cannot be wrapped")
    folder = tmp_path_factory.mktemp("disk").resolve()
    with recording(sqlite, folder) as disk:
        live(folder, disk)
    return disk.steps


def run_cuts(steps: list[Step], folder: Path, count: int) -> Counter[str]:
    """Cut the power so often; returns behind which steps, and how often something was said to be damaged."""
    chance = random.Random(17)
    seen: Counter[str] = Counter()
    for _ in range(count):
        before = steps[: chance.randrange(1, len(steps) + 1)]
        promised = next((step.promise for step in reversed(before) if step.kind == "promise"), Image({}, (), 0))
        disk = Image(after_cut(before, chance), promised.entries, promised.last)
        seen["damage said"] += check(disk.lay_out(folder / "cut"), disk, messages(), lossless=True)
        seen[f"behind {before[-1].kind}"] += 1
    return seen


@pytest.mark.slow
def test_a_power_cut_anywhere_loses_nothing_that_was_put(steps: list[Step], tmp_path: Path) -> None:
    assert {"write", "sync", "truncate"} <= {step.kind for step in steps}
    run_cuts(steps, tmp_path, FEW_CUTS)


@pytest.mark.endurance
def test_five_thousand_power_cuts(steps: list[Step], tmp_path: Path) -> None:
    print(dict(run_cuts(steps, tmp_path, MANY_CUTS)))


@pytest.mark.slow
def test_a_disk_that_forgets_what_was_synced_is_noticed_by_this_test(steps: list[Step], tmp_path: Path) -> None:
    forgetful = [step for step in steps if step.kind != "sync"]
    with pytest.raises(AssertionError, match=r"lost although the disk had them|would be used twice"):
        run_cuts(forgetful, tmp_path, FEW_CUTS)
