"""The diagrams of docs/driver.md: they hold the transitions that drives go through, all of them and no others."""

from itertools import pairwise
from pathlib import Path

import pytest
from pages.driver_page import (
    NONE,
    Transition,
    anger_transitions,
    condition_transitions,
    distraction_transitions,
    fatigue_transitions,
    fill,
    limits_table,
)

from dms.driver import DriverChange
from dms.observation import View

from .drives import LIMITS, Camera, drive, ride
from .test_scenarios import SCENARIOS, droops

CAMERA = Camera(10)
TELLS_ALL = LIMITS.model_copy(
    update={"distraction": LIMITS.distraction.model_copy(update={"enabled": True, "without_speed": True})}
)
RAGE = drive().open(20, anger=0.95)
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
    # the camera gives nothing for a while, without saying so
    drive().awake(30).jump(20).awake(10),
)


Edges = dict[str, set[tuple[str, str]]]


@pytest.fixture(scope="module")
def edges() -> Edges:
    """The transitions that are seen, by the field of the state."""
    found: Edges = {"condition": set(), "fatigue": set(), "anger": set(), "distraction": set()}
    # long drives show nothing new here
    short = [scenario.told for scenario in SCENARIOS if scenario.told.length_s < 500]
    for told in [*short, *EXTRA]:
        states = ride(told, CAMERA, TELLS_ALL).states()
        for of, seen in found.items():
            values = [str(getattr(state, of) or NONE) for state in states]
            seen |= {(a, b) for a, b in pairwise(values) if a != b}
    return found


def drawn(transitions: tuple[Transition, ...]) -> set[tuple[str, str]]:
    return {(str(step.source), str(step.target)) for step in transitions}


@pytest.mark.parametrize(
    ("of", "transitions"),
    [
        ("condition", condition_transitions(LIMITS)),
        ("fatigue", fatigue_transitions(LIMITS)),
        ("anger", anger_transitions(LIMITS)),
        ("distraction", distraction_transitions(LIMITS)),
    ],
)
def test_draws_the_transitions_that_drives_go_through(
    of: str, transitions: tuple[Transition, ...], edges: Edges
) -> None:
    assert edges[of] == drawn(transitions)


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
