"""What commands print: a report for people or for machines, warnings beside it."""

import json
import os
import sys
from collections.abc import Iterable
from typing import Any, Protocol

from dms.errors import WorldError


class Report(Protocol):
    """What a command found out."""

    def text(self) -> str:
        """Everything for people."""
        ...

    def to_json(self) -> Any:
        """Everything as plain data."""
        ...


def show(report: Report, as_json: bool, warnings: Iterable[str] = ()) -> None:
    """Print a report on standard output, warnings on standard error."""
    warn(warnings)
    if as_json:
        print_json(report.to_json())
    else:
        print_text(report.text())


def warn(warnings: Iterable[str]) -> None:
    """Print warnings on standard error."""
    for warning in warnings:
        print(f"dms: {warning}", file=sys.stderr)


def print_json(value: Any) -> None:
    """Print plain data as JSON."""
    print_text(json.dumps(value, indent=2))


def print_text(text: str) -> None:
    """Print a text.

    Raises:
        WorldError: Standard output cannot be written.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        # what is still in the buffer must not fail once more at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise WorldError(f"standard output cannot be written ({error.strerror})") from error
