"""The errors that a person is meant to read.

Takes nothing, gives two exception classes and the hint at a name that was meant. A ``UserError`` is a wrong input (exit
code 2), a ``WorldError`` a failure outside the program such as a missing camera (exit code 1). Each message is one line
that says what is wrong and what to do. Anything else that escapes is a defect and keeps its traceback.
"""

from collections.abc import Iterable


class UserError(Exception):
    """What was asked for cannot be done as given; the command ends with exit code 2."""


class WorldError(Exception):
    """Something outside the program failed; the command ends with exit code 1."""


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """`` (did you mean 'NAME'?)`` with the known name closest to the given one, nothing when none is close."""
    import difflib  # noqa: PLC0415  # hardly ever needed

    close = difflib.get_close_matches(given, list(known), n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""
