"""A number that nobody sets, with its unit, its bounds and where it comes from.

``LIMIT: Annotated[float, Constant("px", 4, 32, "own: ...")] = 8.0``, and the sentence about it below, as a docstring.
docs/perception.md lists those of perception.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Constant:
    """What there is to know of a number besides its value.

    Attributes:
        unit: Of the number; ``1`` for a ratio.
        least: The smallest value that makes sense.
        most: The largest.
        source: Where it comes from, by the names of docs/sources.md or as a command.
    """

    unit: str
    least: float
    most: float
    source: str
