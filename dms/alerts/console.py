"""Messages in words, for people who read along: one line each. `dms watch` and `dms demo` tell an alert alike.

Takes the values of a message, gives text. What is unknown in the evidence is left out.
"""

from collections.abc import Mapping

from rich.text import Text

from dms.alerts.messages import StateMessage

_TOLD = ("cause", "closed_s", "longest_closed_s", "open_s", "explanation", "perclos", "signs", "anger_score")
"""What of the evidence is told."""
_STYLES = {"start": "bold red", "update": "bold red", "end": "bold green"}


def alert_in_words(phase: str, level: str, evidence: Mapping[str, object], test: bool = False) -> Text:
    """As in ``start  microsleep cause closure, closed_s 1.025``; a test says so first."""
    known = ", ".join(f"{name} {evidence[name]}" for name in _TOLD if evidence.get(name) is not None)
    style = "bold yellow" if test else _STYLES[phase]
    return Text.assemble((f"{'test: ' if test else ''}{phase:<6} {level}", style), " ", (known, "dim"))


def state_in_words(state: StateMessage) -> str:
    """As in ``fatigued microsleep, eyes closed, PERCLOS unknown``."""
    condition = " ".join(part for part in (state.condition, state.fatigue, state.degraded) if part)
    return f"{condition}, eyes {state.eyes}, PERCLOS {'unknown' if state.perclos is None else state.perclos}"
