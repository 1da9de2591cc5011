"""From the frames' clock to the time of day.

Takes monotonic seconds, gives UTC and whether it can be believed. A Raspberry Pi has no battery-backed clock: it
starts in 1970, or where it was switched off, and jumps when the network time arrives. So everything inside the
program keeps monotonic time, and every time in a message is made here. Two others read the wall clock: the outbox, to
count on from above all earlier sequence numbers when its file was lost, and ``dms watch``, to know how old a message
is. Nothing else rests on it, least of all the order of events.
"""

import ctypes
import functools
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

FLOOR = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
"""No build of this program ran before: a wall clock below it is wrong, whatever the kernel says."""

_TIME_ERROR = 5
"""``adjtimex(2)``: the kernel's clock is not disciplined."""
_TIMEX_BYTES = 512
"""More than ``struct timex`` takes on any platform (208 bytes on 64 bits)."""
_SYNCHRONISED_FLAG = Path("/run/systemd/timesync/synchronized")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_STEP_S = 0.05


class ClockQuality(StrEnum):
    """How far the UTC times in a message can be believed."""

    SYNCHRONISED = "synchronised"
    """The wall clock was good when the message was made."""
    UNSYNCHRONISED = "unsynchronised"
    """Nothing vouches for the wall clock: differences hold, the time of day may be wrong."""
    CORRECTED = "corrected"
    """Made before the wall clock was good; the times were worked out again once it was."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A moment in UTC.

    Attributes:
        utc: Seconds since 1970-01-01T00:00:00Z.
        quality: How far it can be believed.
    """

    utc: float
    quality: ClockQuality = ClockQuality.SYNCHRONISED

    @property
    def at(self) -> datetime:
        """The moment as an aware datetime."""
        return datetime.fromtimestamp(self.utc, UTC)


class Clock:
    """Maps the frames' monotonic seconds to UTC.

    The distance between the two clocks is held until they disagree by more than 50 ms (the kernel slews at up to
    0.5 ms/s), so that the times in the messages of one alert fit together to the millisecond, and a step of the wall
    clock shows once.

    Args:
        trust: Believe a wall clock above the floor although nothing disciplines it.
        monotonic: Returns the frames' clock, seconds.
        wall: Returns the wall clock, seconds since 1970.
        disciplined: Tells whether the kernel's clock follows network time.
    """

    def __init__(
        self,
        trust: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        disciplined: Callable[[], bool] | None = None,
    ) -> None:
        self._trust = trust
        self._monotonic = monotonic
        self._wall = wall
        self._disciplined = disciplined or kernel_disciplined
        self._offset = wall() - monotonic()

    def now(self) -> float:
        """Monotonic seconds, the frames' clock."""
        return self._monotonic()

    @property
    def offset(self) -> float:
        """UTC seconds minus monotonic seconds, held against small drifts."""
        offset = self._wall() - self._monotonic()
        if abs(offset - self._offset) > _STEP_S:
            self._offset = offset
        return self._offset

    @property
    def synchronised(self) -> bool:
        """Whether the wall clock can be believed now."""
        return self._wall() >= FLOOR and (self._trust or self._disciplined())

    def stamp(self, t: float) -> Stamp:
        """Return the UTC of a moment on the frames' clock."""
        quality = ClockQuality.SYNCHRONISED if self.synchronised else ClockQuality.UNSYNCHRONISED
        return Stamp(t + self.offset, quality)


def kernel_disciplined() -> bool:
    """Ask the kernel whether NTP, PTP or GPS steers its clock.

    Reads ``adjtimex(2)``, which timesyncd, chrony and ntpd all set. A sandbox with ``ProtectClock=yes`` forbids the
    call; then the flag file of systemd-timesyncd answers.
    """
    try:
        state = _libc().adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        state = -1
    if state < 0:
        return _SYNCHRONISED_FLAG.exists()
    return bool(state != _TIME_ERROR)


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


@functools.cache
def boot_id() -> str:
    """Names this boot of the machine: monotonic seconds of two boots have nothing to do with each other.

    A sandbox may hide the kernel's id (``ProcSubset=pid``). Then every start of the program counts as a boot of its
    own, which is safe: lateness then rests on UTC.
    """
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return f"start-{uuid.uuid4().hex}"
