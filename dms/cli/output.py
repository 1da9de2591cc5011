"""What commands print: a report for people or for machines, warnings beside it."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from dms.errors import WorldError


class Report(Protocol):
    """What a command found out."""

    @property
    def warnings(self) -> Sequence[str]:
        """What else a user should know, a line each."""
        ...

    def text(self) -> str:
        """Return everything for people."""
        ...

    def to_json(self) -> Any:
        """Return everything as plain data."""
        ...


def show(report: Report, as_json: bool, more: Iterable[str] = (), *, markup: bool = False, told: bool = False) -> None:
    """Print a report on standard output, warnings on standard error.

    Args:
        report: What a command found out.
        as_json: For machines instead of people.
        more: Warnings that are not the report's own; each is printed once.
        markup: The text has rich's markup.
        told: The text was printed line by line as it came, so that only machines wait for the whole.

    Raises:
        WorldError: Standard output cannot be written.
    """
    warn(dict.fromkeys((*report.warnings, *more)))
    if as_json:
        print_json(report.to_json())
    elif not told:
        print_text(report.text(), markup=markup)


def for_people(as_json: bool) -> Callable[[str], None]:
    """Return what prints a line for people, and nothing where machines wait for JSON."""
    return (lambda _line: None) if as_json else print_text


def warn(warnings: Iterable[str]) -> None:
    """Print warnings on standard error."""
    for warning in warnings:
        print(f"dms: {warning}", file=sys.stderr)


def print_json(value: Any) -> None:
    """Print plain data as JSON."""
    print_text(json.dumps(value, indent=2))


def print_text(text: str, *, markup: bool = False) -> None:
    """Print a text, with rich's markup where it has some.

    Raises:
        WorldError: Standard output cannot be written.
    """
    try:
        if markup:
            from rich.console import Console  # noqa: PLC0415  # --help stays quick

            Console(highlight=False, soft_wrap=True).print(text)
        else:
            print(text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        # what is still in the buffer must not fail once more at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise WorldError(f"standard output cannot be written ({error.strerror})") from error
