"""A number of the configuration with its unit, its bounds and where it comes from."""

from itertools import pairwise

from pydantic import Field
from pydantic.fields import FieldInfo


def Limit(*, ge: float, le: float, unit: str, title: str, text: str, source: str) -> FieldInfo:  # noqa: N802
    """Return a limit, for ``Annotated``: the number's default stands behind it, so that types are checked.

    Args:
        ge: Lower bound.
        le: Upper bound.
        unit: Of the number, as docs/driver.md writes it.
        title: Its name for people.
        text: What it does, a sentence.
        source: Where it comes from, by the names of docs/sources.md.
    """
    info: FieldInfo = Field(
        ge=ge,
        le=le,
        title=title,
        description=f"{text} Unit: {unit}. Source: {source}.",
        json_schema_extra={"unit": unit, "source": source},
    )
    return info


def in_order(**values: float) -> None:
    """Refuse limits that do not rise in the order given.

    Raises:
        ValueError: One is not below the next; both are named.
    """
    for (low_name, low), (high_name, high) in pairwise(values.items()):
        if low >= high:
            raise ValueError(f"{low_name} ({low:g}) must be below {high_name} ({high:g})")
