"""The tables of transitions and the page that draws them: drives walk every row, and go nowhere else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest
from pages.driver_page import NONE, edges, fill, limits_table

from dms.driver import DriverChange, VehicleSpeed, describe
from dms.driver.judge import Judge
from dms.driver.lifecycle import RANK
from dms.driver.state import AngerLevel, DistractionLevel, FatigueLevel
from dms.driver.transitions import (
    ANGER,
    CONDITION,
    DISTRACTION,
    FATIGUE,
    AngerEvent,
    DistractionEvent,
    Facts,
    FatigueEvent,
    condition,
)
from dms.observation import View

from .drives import LIMITS, Camera, drive, ride
from .test_scenarios import SCENARIOS, droops

CAMERA = Camera(10)
TELLS_ALL = LIMITS.model_copy(
    update={"distraction": LIMITS.distraction.model_copy(update={"enabled": True, "without_speed": True})}
)
RAGE = drive().open(20, anger=0.95)
STANDS, ROLLS = VehicleSpeed(0.0, 0.0), VehicleSpeed(0.0, 60.0)
EXTRA = (
    drive().times(1, droops(drive().awake(90), 40, 6.8)).open(2).closed(2).awake(90),
    drive().times(1, droops(drive().awake(90), 40, 6.8)).open(2).closed(4, pitch=-25.0).awake(90),
    drive().awake(60).closed(4).gone(20).open(60),
    drive().awake(60).closed(4).hear(DriverChange(0.0)).awake(10),
    drive().awake(60).hear(DriverChange(0.0)).awake(60),
    drive().awake(60).away(5).closed(2).open(10),
    drive().unseen(20).awake(10),
    drive().awake(90).open(8, anger=0.95).awake(14).times(1, RAGE).awake(60),
    drive().awake(10).picture(30, View.LOST).awake(10),
    drive().awake(10).open(6, pitch=-20.0).awake(10),
    # within each milder alert a closure that is told of only once the car rolls
    drive()
    .times(1, droops(drive().awake(90), 40, 6.8))
    .hear(STANDS)
    .closed(4)
    .hear(STANDS)
    .closed(3)
    .hear(ROLLS)
    .closed(1),
    drive().awake(60).closed(1.5).open(1).hear(STANDS).closed(4).hear(STANDS).closed(3).hear(ROLLS).closed(1),
    # sleep again and again, and out of sight
    drive().awake(60).closed(7).open(2).closed(7).open(2),
    drive().awake(60).closed(4).open(2).closed(4).open(2),
    drive().times(1, droops(drive().awake(90), 40, 6.8)).gone(70),
    drive().awake(60).closed(1.5).gone(70),
    drive().awake(90).open(6.5, anger=0.95).gone(80),
    drive().awake(90).open(20, anger=0.95).gone(80),
    drive().awake(10).open(6, pitch=-20.0).gone(70),
    # the camera gives nothing for a while, without saying so
    drive().awake(30).jump(20).awake(10),
)


TABLES: dict[str, Mapping[Any, Mapping[Any, Any]]] = {"fatigue": FATIGUE, "anger": ANGER, "distraction": DISTRACTION}
EVENTS: dict[str, tuple[type[StrEnum], type[StrEnum]]] = {
    "fatigue": (FatigueLevel, FatigueEvent),
    "anger": (AngerLevel, AngerEvent),
    "distraction": (DistractionLevel, DistractionEvent),
}
tables = pytest.mark.parametrize("of", TABLES)


@dataclass
class Walked:
    """What was seen of the tables: rows as (level, event, level after), what changed in the states, deciding facts."""

    rows: set[tuple[str | None, str, str | None]] = field(default_factory=set)
    changes: dict[str, set[tuple[str, str]]] = field(default_factory=lambda: {of: set() for of in TABLES})
    facts: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def walked() -> Walked:
    found = Walked()
    take, say = Judge._take, condition

    def watched_take(judge: Judge[Any, Any], event: StrEnum, *arguments: Any) -> Any:
        before, leads = judge.life.level, judge.life.leads(event)
        told = take(judge, event, *arguments)
        assert bool(told) == leads
        if leads:
            found.rows.add((before, event, judge.life.level))
        return told

    def watched_say(facts: Facts) -> Any:
        found.facts.add(next(name for name, holds in facts._asdict().items() if holds))
        return say(facts)

    # long drives show nothing new here
    short = [scenario.told for scenario in SCENARIOS if scenario.told.length_s < 500]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Judge, "_take", watched_take)
        patch.setattr(describe, "condition", watched_say)
        for told in [*short, *EXTRA]:
            states = ride(told, CAMERA, TELLS_ALL).states()
            for of, seen in found.changes.items():
                values = [str(getattr(state, of) or NONE) for state in states]
                seen |= {(a, b) for a, b in pairwise(values) if a != b}
    return found


@tables
def test_drives_walk_every_row_and_no_other(of: str, walked: Walked) -> None:
    rows = {(level, event, target) for level, row in TABLES[of].items() for event, target in row.items()}
    assert {row for row in walked.rows if isinstance(row[1], EVENTS[of][1])} == rows


@tables
def test_the_page_draws_what_the_states_go_through(of: str, walked: Walked) -> None:
    assert walked.changes[of] == set(edges(TABLES[of]))


@tables
def test_tables_are_whole(of: str) -> None:
    levels, events = EVENTS[of]
    table = TABLES[of]
    assert set(table) == {None, *levels}, "a row for each state"
    assert {event for row in table.values() for event in row} == set(events), "no event that leads nowhere"
    for level, row in table.items():
        for target in row.values():
            # an alert starts, rises, is told of again or ends; it never falls
            assert (level is None and target is not None) or target is None or RANK[target] >= RANK[level]


def test_what_changes_nothing_is_meant_to() -> None:
    silent = {(level, event) for level, row in FATIGUE.items() for event in FatigueEvent if event not in row}
    worst = (FatigueLevel.ASLEEP, FatigueLevel.UNRESPONSIVE)
    assert silent == {
        # no alert is open that could end
        (None, FatigueEvent.RECOVERED),
        (None, FatigueEvent.LOST),
        # the open alert tells of as much already
        *((level, FatigueEvent.PERCLOS) for level in FatigueLevel),
        # a sleeper out of sight is not awake
        *((level, FatigueEvent.LOST) for level in worst),
    }


def test_every_fact_decides_in_some_drive(walked: Walked) -> None:
    assert walked.facts == set(Facts._fields) == set(CONDITION)


def test_the_first_fact_that_holds_says_the_condition() -> None:
    for unseen, alert, awake in product((False, True), repeat=3):
        first = "unseen" if unseen else "alert" if alert else "awake" if awake else "otherwise"
        assert condition(Facts(unseen, alert, awake)) is CONDITION[first]


def test_the_page_on_disk_is_up_to_date() -> None:
    path = Path(__file__).parents[2] / "docs" / "driver.md"
    page = path.read_text(encoding="utf-8")
    assert fill(page, LIMITS) == page, "run python scripts/write_docs.py"


def test_the_page_follows_the_limits() -> None:
    changed = LIMITS.model_copy(update={"closure": LIMITS.closure.model_copy(update={"microsleep_s": 1.25})})
    page = "<!-- made: fatigue -->\nold\n<!-- end -->"
    assert "none --> microsleep: closed 1.25 s" in fill(page, changed)
    assert "old" not in fill(page, changed)
    with pytest.raises(KeyError):
        fill(page.replace("fatigue", "nothing"), changed)


def test_every_limit_has_a_unit_and_a_source() -> None:
    rows = [row.split(" | ") for row in limits_table(LIMITS).splitlines()[2:]]
    assert len(rows) > 60
    assert all(len(row) == 6 and all(cell.strip(" |") for cell in row) for row in rows)
