"""A vehicle that is killed again and again: raises alerts until SIGKILL comes, then starts anew.

Run as a program by test_faults.py. For each alert it notes in a journal that it is about to raise it, and that it has
been raised. The children are forked, so that fifty starts take seconds; each begins with what is on disk, as a
restarted daemon does.
"""

import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from dms.driver.state import AlertKind, Phase
from tests.alerts.make import Vehicle


def steps() -> Iterator[tuple[AlertKind, Phase, int]]:
    """Alerts of both kinds, in turn, for ever."""
    episode = 0
    while True:
        episode += 1
        for phase in Phase:
            for kind in (AlertKind.FATIGUE, AlertKind.ANGER):
                yield kind, phase, episode


def live(folder: Path, port: int, run: int, pause_s: float, limit: int) -> None:
    """Raise up to ``limit`` alerts, and deliver them."""
    vehicle = Vehicle(folder, port, session=f"run{run}")
    journal = os.open(folder / "journal", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(kind: AlertKind, phase: Phase, episode: int, raised: bool) -> None:
        event_id = str(vehicle.encoder.event_id(kind, episode))
        os.write(journal, json.dumps([kind, event_id, phase, raised]).encode() + b"\n")

    vehicle.start()
    vehicle.tell_state()
    for _, (kind, phase, episode) in zip(range(limit), steps(), strict=False):
        note(kind, phase, episode, raised=False)
        vehicle.raise_alert(phase, episode, kind)
        note(kind, phase, episode, raised=True)
        time.sleep(pause_s)
    while not vehicle.is_delivered():
        time.sleep(0.01)
    vehicle.stop()


def check(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        (verdict,) = database.execute("PRAGMA integrity_check").fetchone()
    if verdict != "ok":
        sys.exit(f"after a kill: {verdict}")


def raised(folder: Path) -> int:
    return sum(json.loads(line)[-1] for line in (folder / "journal").read_text().splitlines())


def main(folder: Path, port: int, kills: int, alerts: int) -> None:
    (folder / "journal").touch()  # on a slow machine no child may come so far as to begin it
    chance = random.Random(8)
    for run in range(kills + 1):
        child = os.fork()
        if child == 0:
            live(folder, port, run, pause_s=0.002, limit=10**9 if run < kills else alerts - raised(folder))
            os._exit(0)
        if run < kills:
            # from before the file is open to after some dozen alerts were raised, offered and acknowledged
            time.sleep(chance.choice([chance.uniform(0.0, 0.05), chance.uniform(0.05, 0.3)]))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if run == kills and status != 0:
            sys.exit(f"the last run ended with {status}")
        if (folder / "outbox.sqlite").exists():
            check(folder / "outbox.sqlite")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
