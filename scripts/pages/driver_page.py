"""What docs/driver.md takes from the code: the state diagrams and the table of limits.

Takes the settings, gives Markdown and Mermaid. The transitions stand here once; a test rides drives through the
monitor and holds the set of transitions that are seen to be this one.
"""

import re
from dataclasses import dataclass

from dms.config.driver import DriverSettings
from dms.config.section import Section
from dms.driver.state import AngerLevel, Condition, DistractionLevel, FatigueLevel

NONE = "none"
"""No alert is open."""


@dataclass(frozen=True, slots=True)
class Transition:
    """From one state to another, and when."""

    source: str
    target: str
    when: str


def condition_transitions(settings: DriverSettings) -> tuple[Transition, ...]:
    """Transitions of ``DriverState.condition``."""
    limits = settings.degraded
    unknown, attentive, fatigued, degraded = Condition
    lost = f"no picture for {limits.picture_s:g} s, or eyes unknown for {limits.after_s:g} s"
    return (
        Transition(unknown, attentive, f"eyes known for {limits.starting_s:g} s"),
        Transition(unknown, fatigued, "a fatigue alert starts"),
        Transition(unknown, degraded, lost),
        Transition(attentive, unknown, f"eyes unknown for {limits.glance_s:g} s, a new driver, a clock that jumps"),
        Transition(attentive, fatigued, "a fatigue alert starts"),
        Transition(attentive, degraded, f"{lost} in one gap"),
        Transition(fatigued, attentive, "the alert ends"),
        Transition(fatigued, unknown, "the alert ends by a new driver"),
        Transition(fatigued, degraded, f"{lost}, the alert stays open"),
        Transition(degraded, fatigued, f"eyes known for {limits.recover_s:g} s, an alert is still open"),
        Transition(degraded, unknown, f"eyes known for {limits.recover_s:g} s, a new driver, a clock that jumps"),
    )


def fatigue_transitions(settings: DriverSettings) -> tuple[Transition, ...]:
    """Transitions of the level of the fatigue alert."""
    closure, perclos, life = settings.closure, settings.perclos, settings.life
    drowsy, microsleep, asleep, unresponsive = FatigueLevel
    nods = f"closed {closure.microsleep_s:g} s"
    sleeps = f"closed {closure.asleep_s:g} s"
    gone = f"closed {closure.unresponsive_s:g} s"
    droops = f"PERCLOS {perclos.advisory:.0%} and a second sign, or PERCLOS {perclos.warning:.0%}"
    held_back = "explained or below the speed gate until then"
    back = "eyes open, but for blinks, for {:g} s"
    return (
        Transition(NONE, drowsy, droops),
        Transition(NONE, microsleep, nods),
        Transition(NONE, asleep, f"{sleeps}, {held_back}"),
        Transition(NONE, unresponsive, f"{gone}, {held_back}"),
        Transition(drowsy, microsleep, nods),
        Transition(drowsy, asleep, f"{sleeps}, {held_back}"),
        Transition(microsleep, asleep, sleeps),
        Transition(asleep, unresponsive, f"{gone}, or no open eyes for {closure.no_return_s:g} s"),
        Transition(drowsy, NONE, f"PERCLOS below {perclos.clear:.0%}, {back.format(life.drowsy_recover_s)}"),
        Transition(microsleep, NONE, back.format(life.microsleep_recover_s)),
        Transition(asleep, NONE, back.format(life.asleep_recover_s)),
        Transition(unresponsive, NONE, back.format(life.unresponsive_recover_s)),
    )


def anger_transitions(settings: DriverSettings) -> tuple[Transition, ...]:
    """Transitions of the level of the anger alert."""
    limits, life = settings.anger, settings.life
    irritated, angry = AngerLevel
    rage = f"mean anger {limits.angry:g} for {limits.angry_s:g} s"
    return (
        Transition(NONE, irritated, f"mean anger {limits.irritated:g} for {limits.irritated_s:g} s"),
        Transition(NONE, angry, f"{rage}, within {life.anger_cooldown_s:g} s of an alert"),
        Transition(irritated, angry, rage),
        Transition(irritated, NONE, f"mean anger below {limits.clear:g} for {limits.clear_s:g} s"),
        Transition(angry, NONE, f"mean anger below {limits.clear:g} for {2 * limits.clear_s:g} s"),
    )


def distraction_transitions(settings: DriverSettings) -> tuple[Transition, ...]:
    """Transitions of the level of the distraction alert."""
    limits = settings.distraction
    off = DistractionLevel.EYES_OFF_ROAD
    fast, slow = f"{limits.fast_s:g} s from {limits.fast_kmh:g} km/h", f"{limits.slow_s:g} s from {limits.slow_kmh:g}"
    return (
        Transition(NONE, off, f"eyes off the road for {fast}, {slow}"),
        Transition(off, NONE, f"eyes on the road for {limits.recover_s:g} s"),
    )


def diagram(transitions: tuple[Transition, ...]) -> str:
    """A Mermaid state diagram."""
    lines = [f"    {step.source} --> {step.target}: {step.when}" for step in transitions]
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {transitions[0].source}", *lines, "```"])


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
    made = {
        "condition": diagram(condition_transitions(settings)),
        "fatigue": diagram(fatigue_transitions(settings)),
        "anger": diagram(anger_transitions(settings)),
        "distraction": diagram(distraction_transitions(settings)),
        "limits": limits_table(settings),
    }
    return re.sub(
        r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", lambda m: f"{m[1]}{made[m[2]]}\n{m[3]}", page, flags=re.DOTALL
    )
