"""Which limits are tried, and with which values.

Takes ranges as the command line has them (``driver.perclos.warning=0.08:0.20:0.01``), gives every combination of them
as limits of the driver room.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import product
from typing import Any

from dms.config import Config, DriverSettings, with_keys
from dms.errors import UserError, did_you_mean

MOST = 100_000
"""More combinations are a slip of the pen: they would take days and their best would be chance."""


@dataclass(frozen=True, slots=True)
class Vary:
    """A limit and the values to try, in rising order."""

    key: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """One combination.

    Attributes:
        values: By the path of their keys.
        driver: All limits of the driver room with them.
    """

    values: Mapping[str, float]
    driver: DriverSettings

    def toml(self) -> str:
        """Return the values as tables of a configuration file."""
        tables: dict[str, list[str]] = {}
        for key, value in self.values.items():
            table, _, name = key.rpartition(".")
            tables.setdefault(table, []).append(f"{name} = {value}")
        return "\n\n".join("\n".join([f"[{table}]", *lines]) for table, lines in tables.items()) + "\n"


@dataclass(frozen=True, slots=True)
class Grid:
    """What is tried.

    Attributes:
        varied: The ranges.
        present: The limits as they are.
        tried: Every combination that makes a valid configuration.
        refused: Why others do not, a line for each reason.
    """

    varied: tuple[Vary, ...]
    present: Limits
    tried: tuple[Limits, ...]
    refused: tuple[str, ...]


def read_vary(text: str, config: Config) -> Vary:
    """Read a range.

    Args:
        text: ``KEY=FROM:TO:STEP``; ``TO`` is tried too where a step leads to it.
        config: Where the key stands.

    Raises:
        UserError: There is no such limit of the driver room, or this is no range.
    """
    key, equals, span = text.partition("=")
    key = key.strip()
    known = dict(_limits(config.driver.model_dump(), "driver"))
    if key not in known:
        hint = did_you_mean(key, known) or ": a trace holds what was seen, so only numbers under driver can be tried"
        raise UserError(f"--vary {text}: '{key}' is no limit of the driver room{hint}")
    try:
        first, last, step = (Decimal(part.strip()) for part in span.split(":"))
        if not all(number.is_finite() for number in (first, last, step)):
            raise ValueError
    except (ValueError, InvalidOperation) as error:
        raise UserError(f"--vary {text}: give {key}{equals or '='}FROM:TO:STEP, three numbers with dots") from error
    if step <= 0 or last < first:
        raise UserError(f"--vary {text}: TO must not be below FROM, and STEP must be above 0")
    count = int((last - first) / step) + 1
    if count > MOST:
        raise UserError(f"--vary {text}: {count} values, more than {MOST}: take larger steps")
    values = [first + n * step for n in range(count)]
    if isinstance(known[key], int):
        if any(value % 1 for value in values):
            raise UserError(f"--vary {text}: {key} is a whole number")
        return Vary(key, tuple(int(value) for value in values))
    return Vary(key, tuple(float(value) for value in values))


def _limits(values: Mapping[str, Any], path: str) -> Iterator[tuple[str, float]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _limits(value, f"{path}.{name}")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{path}.{name}", value


def grid(config: Config, varied: Sequence[Vary]) -> Grid:
    """Make every combination.

    Args:
        config: Holds all other limits.
        varied: One or more, each key once.

    Raises:
        UserError: A key stands twice, there are too many combinations, or none is valid.
    """
    keys = [vary.key for vary in varied]
    if twice := [key for key in keys if keys.count(key) > 1]:
        raise UserError(f"--vary {twice[0]} is given twice: give its whole range at once")
    known = dict(_limits(config.driver.model_dump(), "driver"))
    tried: list[Limits] = []
    refused: dict[str, int] = {}
    for n, values in enumerate(product(*(vary.values for vary in varied))):
        if n >= MOST:
            raise UserError(f"--vary: more than {MOST} combinations: take larger steps or fewer keys")
        chosen = dict(zip(keys, values, strict=True))
        try:
            tried.append(Limits(chosen, with_keys(config, chosen).driver))
        except UserError as error:
            reason = str(error).partition("\n")[0]
            refused[reason] = refused.get(reason, 0) + 1
    if not tried:
        raise UserError(f"--vary: no combination is valid: {next(iter(refused))}")
    return Grid(
        tuple(varied),
        Limits({key: known[key] for key in keys}, config.driver),
        tuple(tried),
        tuple(f"{count} of the combinations left out: {reason}" for reason, count in refused.items()),
    )
