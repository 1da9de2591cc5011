"""What whoever looks through a camera is told."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dms.aim.verdict import Aim

PICTURES_HZ = 10.0
"""Most pictures a second for people: a hand that turns a camera sees what it does. Source: own."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What is to be seen now.

    Attributes:
        aim: The verdict over the last seconds; None before enough was seen, and while the camera gives nothing.
        picture: JPEG with the face drawn in; None where none is wanted or there is none.
        fault: What is wrong with the camera, None when nothing is.
    """

    aim: "Aim | None" = None
    picture: bytes | None = None
    fault: str | None = None
