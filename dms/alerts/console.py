"""Messages in words, for people who read along: one line each. `dms watch` and `dms demo` print an alert alike.

Takes the values of a message, gives text. What is unknown in the evidence is left out.
"""

from collections.abc import Mapping

from rich.text import Text

from dms.alerts.messages import StateMessage
from dms.driver.state import HeldBack

_TOLD = (
    *("cause", "closed_s", "longest_closed_s", "open_s", "explanation", "perclos", "signs", "anger_score"),
    *("eyes_off_road_s", "looking"),
)
"""What of the evidence is printed."""
_HELD_BACK = {
    HeldBack.SECOND_SIGN: "a second sign is missing",
    HeldBack.DROOPS: "one long closure is no drowsiness",
    HeldBack.COOLDOWN: "one has just ended",
    HeldBack.SPEED: "the vehicle is too slow",
    HeldBack.OPEN_EYES: "it waits for open eyes",
    HeldBack.EXPLAINED: "something else may explain the closed eyes",
}
_STYLES = {"start": "bold red", "update": "bold red", "end": "bold green"}


def alert_in_words(phase: str, level: str, evidence: Mapping[str, object], test: bool = False) -> Text:
    """Return a text as in ``start  microsleep cause closure, closed_s 1.025``; a test says so first."""
    known = ", ".join(f"{name} {evidence[name]}" for name in _TOLD if evidence.get(name) is not None)
    style = "bold yellow" if test else _STYLES[phase]
    return Text.assemble((f"{'test: ' if test else ''}{phase:<6} {level}", style), " ", (known, "dim"))


def state_in_words(state: StateMessage) -> str:
    """Return a text as in ``attentive, eyes open, PERCLOS 0.09, no alert: a second sign is missing``."""
    condition = " ".join(part for part in (state.condition, state.fatigue, state.distraction, state.degraded) if part)
    perclos = "unknown" if state.perclos is None else state.perclos
    return f"{condition}, eyes {state.eyes}, PERCLOS {perclos}{held_back_in_words(state.held_back)}"


def held_back_in_words(reason: HeldBack | None) -> str:
    """Return why there is no alert, to go on with behind a state; empty when nothing holds one back."""
    return "" if reason is None else f", no alert: {_HELD_BACK[reason]}"
