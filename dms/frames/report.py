"""What became of the pictures of a recording: numbers and words, and no picture."""

from dataclasses import dataclass, field
from enum import StrEnum


class LeftOut(StrEnum):
    """Why a decoded picture is not judged."""

    REPEATED = "repeated"
    """It is the same as the one before, bit for bit."""
    FROZEN = "frozen"
    """The same, for longer than ``camera.stall_s``: the recording stands still."""
    TIME = "time"
    """Its time does not advance, or has gone astray."""


@dataclass(frozen=True, slots=True)
class RecordingReport:
    """What became of the pictures of a recording.

    Attributes:
        decoded: Pictures that the decoder returned.
        left_out: How many of them are not judged, by reason.
        undecodable: Pictures or packets that could not be decoded.
        end_t: Time of the last picture, those that are left out included, seconds since the start of the file.
        missing_s: Seconds that the file promises beyond what could be read: a recording that was cut short.
        notes: What a person should know, a line each.
    """

    decoded: int = 0
    left_out: dict[LeftOut, int] = field(default_factory=dict)
    undecodable: int = 0
    end_t: float = 0.0
    missing_s: float = 0.0
    notes: tuple[str, ...] = ()
