"""What a training says to the person who waits: lines and bars on standard error, so that output stays for results."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def tell(line: str) -> None:
    """Print a line; a long one is not broken, so that a log keeps it whole."""
    _console().print(line)


def bars() -> Progress:
    """Bars with counts and the time that is left; they go when the work is done, and a log gets none."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = _console()
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _console() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True)
