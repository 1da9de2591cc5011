"""What docs/driver.md takes from the code: the tables of transitions, the diagrams and the table of limits.

Takes the settings and the tables that the judges execute, gives Markdown and Mermaid. Only the words stand here: which
event leads where is read from ``dms.driver.transitions``.
"""

import re
from collections.abc import Callable
from enum import StrEnum

from dms.config.driver import DriverSettings
from dms.config.section import Section
from dms.driver.state import AngerLevel, FatigueLevel
from dms.driver.transitions import (
    ANGER,
    CONDITION,
    DISTRACTION,
    FATIGUE,
    AngerEvent,
    DistractionEvent,
    E,
    Facts,
    FatigueEvent,
    L,
    Transitions,
)

NONE = "none"
"""No alert is open."""
Words = Callable[[str, str | None], str]
"""Says an event in words; of the level from which it leads, None for what all levels have in common."""


def fatigue_words(settings: DriverSettings) -> Words:
    """The events of fatigue, with their limits."""
    closure, perclos, life = settings.closure, settings.perclos, settings.life
    open_s = {level: getattr(life, f"{level}_recover_s") for level in FatigueLevel}
    sleeps, back = {None, FatigueLevel.ASLEEP, FatigueLevel.UNRESPONSIVE}, "eyes open, but for blinks, for"
    words = {
        FatigueEvent.PERCLOS: f"PERCLOS {perclos.advisory:.0%} and a second sign, or PERCLOS {perclos.warning:.0%}",
        FatigueEvent.MICROSLEEP: f"closed {closure.microsleep_s:g} s",
        FatigueEvent.SLEEP: f"closed {closure.asleep_s:g} s",
        FatigueEvent.NO_RESPONSE: f"closed {closure.unresponsive_s:g} s",
        FatigueEvent.RECOVERED: f"{back} {' / '.join(f'{seconds:g}' for seconds in open_s.values())} s, "
        f"and PERCLOS below {perclos.clear:.0%} if it raised the alert",
        FatigueEvent.LOST: f"nothing known for {life.lost_s:g} s",
    }

    def say(event: str, level: str | None) -> str:
        if event == FatigueEvent.NO_RESPONSE and level in sleeps:
            return f"{words[FatigueEvent.NO_RESPONSE]}, or no open eyes for {closure.no_return_s:g} s"
        if event == FatigueEvent.RECOVERED and level is not None:
            cleared = f" and PERCLOS below {perclos.clear:.0%}" if level == FatigueLevel.DROWSY else ""
            return f"{back} {open_s[FatigueLevel(level)]:g} s{cleared}"
        return words[FatigueEvent(event)]

    return say


def anger_words(settings: DriverSettings) -> Words:
    """The events of anger, with their limits."""
    limits, life = settings.anger, settings.life
    clear_s = {None: f"{limits.clear_s:g} / {2 * limits.clear_s:g}", AngerLevel.ANGRY: f"{2 * limits.clear_s:g}"}
    words = {
        AngerEvent.ANGRY: f"mean anger {limits.angry:g} for {limits.angry_s:g} s",
        AngerEvent.IRRITATED: f"mean anger {limits.irritated:g} for {limits.irritated_s:g} s",
        AngerEvent.LOST: f"nothing known for {life.lost_s:g} s",
    }

    def say(event: str, level: str | None) -> str:
        if event != AngerEvent.RECOVERED:
            return words[AngerEvent(event)]
        seconds = clear_s.get(None if level is None else AngerLevel(level), f"{limits.clear_s:g}")
        return f"mean anger below {limits.clear:g} for {seconds} s"

    return say


def distraction_words(settings: DriverSettings) -> Words:
    """The events of distraction, with their limits."""
    limits = settings.distraction
    fast, slow = f"{limits.fast_s:g} s from {limits.fast_kmh:g} km/h", f"{limits.slow_s:g} s from {limits.slow_kmh:g}"
    words = {
        DistractionEvent.OFF_ROAD: f"eyes off the road for {fast}, {slow}",
        DistractionEvent.RECOVERED: f"eyes on the road for {limits.recover_s:g} s",
        DistractionEvent.LOST: f"nothing known for {settings.life.lost_s:g} s",
    }
    return lambda event, _: words[DistractionEvent(event)]


def condition_words(settings: DriverSettings) -> dict[str, str]:
    """The facts that the condition rests on, with their limits."""
    limits = settings.degraded
    known = f"{limits.min_known_share:.0%}"
    return {
        "unseen": f"no picture for {limits.picture_s:g} s, or eyes unknown for {limits.after_s:g} s in one gap, until "
        f"they have been known for {limits.recover_s:g} s; or eyes known for less than {known} of the last "
        f"{limits.share_window_s:g} s",
        "alert": "a fatigue alert is open",
        "awake": f"since the start, or since such a gap, the eyes have been known for {limits.starting_s:g} s in all "
        f"and for {known} of the time; they were not unknown for more than {limits.glance_s:g} s just now, and are not "
        f"shut for {settings.closure.asleep_s:g} s or more",
        "otherwise": "nothing of that",
    }


def edges(transitions: Transitions[L, E]) -> dict[tuple[str, str], list[str]]:
    """The events that lead from each state to each other one."""
    found: dict[tuple[str, str], list[str]] = {}
    for level, row in transitions.items():
        for event, target in row.items():
            if target is not level:
                found.setdefault((level or NONE, target or NONE), []).append(event)
    return found


def diagram(transitions: Transitions[L, E], words: Words) -> str:
    """A Mermaid state diagram."""
    lines = [
        f"    {source} --> {target}: {', or '.join(words(event, source) for event in events)}"
        for (source, target), events in edges(transitions).items()
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {NONE}", *lines, "```"])


def transitions_table(transitions: Transitions[L, E], events: type[StrEnum], words: Words) -> str:
    """A row for each state, a column for each event."""
    rows = [
        f"| open alert | {' | '.join(words(event, None) for event in events)} |",
        "| --- |" + " --- |" * len(events),
    ]
    for level, row in transitions.items():
        targets: dict[str, str | None] = {event.value: target for event, target in row.items()}
        cells = ["" if event not in targets else _cell(level, targets[event]) for event in events]
        rows.append(f"| {_code(level)} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _cell(level: str | None, target: str | None) -> str:
    return "update" if target == level else _code(target)


def _code(level: str | None) -> str:
    return NONE if level is None else f"`{level}`"


def condition_table(settings: DriverSettings) -> str:
    """What the condition is, by the first fact that holds."""
    words = condition_words(settings)
    rows = ["| | the first of these that holds | says |", "| --- | --- | --- |"]
    rows += [f"| {number} | {words[fact]} | `{CONDITION[fact]}` |" for number, fact in enumerate(Facts._fields, 1)]
    return "\n".join(rows)


def limits_table(settings: DriverSettings) -> str:
    """Every limit with its default, bounds, unit and source."""
    rows = ["| limit | default | bounds | unit | what it does | source |", "| --- | --- | --- | --- | --- | --- |"]
    for table, section in type(settings).model_fields.items():
        values = getattr(settings, table)
        rows += _rows(table, values) if isinstance(values, Section) and section.title else []
    return "\n".join(rows)


def _rows(table: str, values: Section) -> list[str]:
    schema = type(values).model_json_schema()["properties"]
    rows = []
    for name, field in schema.items():
        if "minimum" not in field:
            continue  # a switch is no limit
        text = field["description"].split(" Unit: ")[0]
        rows.append(
            f"| `{table}.{name}` | {getattr(values, name):g} | {field['minimum']:g} to {field['maximum']:g} "
            f"| {field['unit']} | {text} | {field['source']} |"
        )
    return rows


def fill(page: str, settings: DriverSettings) -> str:
    """Renew what stands between ``<!-- made: NAME -->`` and ``<!-- end -->``.

    Raises:
        KeyError: The page names something that is not made here.
    """
    fatigue, anger, distraction = fatigue_words(settings), anger_words(settings), distraction_words(settings)
    made = {
        "condition": condition_table(settings),
        "fatigue": f"{transitions_table(FATIGUE, FatigueEvent, fatigue)}\n\n{diagram(FATIGUE, fatigue)}",
        "anger": f"{transitions_table(ANGER, AngerEvent, anger)}\n\n{diagram(ANGER, anger)}",
        "distraction": diagram(DISTRACTION, distraction),
        "limits": limits_table(settings),
    }
    return re.sub(
        r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", lambda m: f"{m[1]}{made[m[2]]}\n{m[3]}", page, flags=re.DOTALL
    )
