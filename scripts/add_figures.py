#!/usr/bin/env python3
"""Measure a model with `dms evaluate` and write what it printed into the model's card, with the command.

usage: add_figures.py CARD.json "WHAT WAS MEASURED" NAME DATA [further arguments of `dms evaluate`]

Every number of the JSON report stands in the card under its path in the report; lists (the confusion matrix, single
classes) are left to the command. Run it from the top of the checkout.
"""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dms.training.card import Figures, add_figures

PLAIN = {"heads", "result", "figures"}
"""Levels of a report whose names say nothing to a reader of the card."""


def numbers(report: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number of a report with its path."""
    if isinstance(report, dict):
        for key, value in report.items():
            yield from numbers(value, path if key in PLAIN else f"{path}.{key}".lstrip("."))
    elif isinstance(report, int | float) and not isinstance(report, bool):
        yield path, report


def main(card: Path, what: str, arguments: list[str]) -> None:
    command = ["dms", "evaluate", *arguments]
    done = subprocess.run([sys.executable, "-m", *command, "--json"], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr.strip())
    figures = Figures(what, shlex.join(command), dict(numbers(json.loads(done.stdout))))
    add_figures(card, [figures])
    print(done.stdout)


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
