"""What a decoder of recordings returns, before times are put in order and repeats are left out."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Protocol

from dms.frames.frame import Image


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """One picture as a player would show it, turned and stretched as the container says.

    Attributes:
        t: Seconds since the start of the file, None where the file gives this picture no time.
        image: (height, width, 3) BGR or (height, width) grey, uint8.
        colours: Makes the picture in BGR where ``image`` is only its brightness, whenever it is called.
    """

    t: float | None
    image: Image
    colours: Callable[[], Image] | None = None


class Decoder(Protocol):
    """Reads one recording; each call of ``pictures`` reads it from its beginning.

    Attributes:
        name: What a person calls the recording.
        rate: Pictures per second that the recording states, None where it states none.
        timed: Whether its pictures carry times; raw camera streams and folders have none.
        duration_s: Length that it promises in seconds, None when it promises none.
        notes: What a person should know before it is read, a line each.
        undecodable: Pictures or packets that could not be decoded so far.
        reached_s: How far it could be read, sound included, seconds since the start of the file.
    """

    name: str
    rate: float | None
    timed: bool
    duration_s: float | None
    notes: tuple[str, ...]
    undecodable: int
    reached_s: float

    def pictures(self) -> Generator[Decoded, None, None]:
        """Decode every picture there is, in the order of the file.

        Raises:
            UserError: The recording cannot be read on.
        """
        ...
