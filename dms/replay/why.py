"""Says in words why an alert was raised.

Takes the evidence of an alert, gives a line for people.
"""

from collections.abc import Mapping
from typing import Any

_NUMBERS = {
    "longest_closed_s": "closed {:.1f} s",
    "perclos": "PERCLOS {:.0%}",
    "anger": "anger {:.2f}",
    "eyes_off_road_s": "{:.1f} s",
}


def why(evidence: Mapping[str, Any] | None) -> str:
    """Return the cause of a step of an alert, with its numbers; empty where there is no evidence."""
    evidence = evidence or {}
    words = [f"by {evidence['cause']}".replace("_", " ")] if evidence.get("cause") else []
    for name, form in _NUMBERS.items():
        value = evidence.get(name)
        if isinstance(value, int | float):
            words.append(form.format(value))
    if evidence.get("signs"):
        words.append(str(evidence["signs"]).replace("_", " "))
    return ", ".join(words)
