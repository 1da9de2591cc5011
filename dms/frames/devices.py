"""Which ``/dev/video`` a camera is: the kernel numbers cameras in the order in which they come.

Takes the device that the configuration names, gives where the same camera is now. Once it has been open it is known by
its name, and by what other cameras of that name there were, which it cannot be.
"""

import logging
import os
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

_SYSFS = Path("/sys/class/video4linux")
_DEVICES = Path("/dev")


@dataclass(frozen=True, slots=True)
class _Identity:
    """What stays the same of a camera when its number changes.

    Attributes:
        name: Its model's.
        index: Which of its devices gives pictures; others give their metadata.
    """

    name: str
    index: str


class DeviceFinder:
    """Finds a camera again that has come back under another number.

    Args:
        device: As the configuration names it.
        sysfs: Where the kernel lists its video devices.
        devices: Where they are.
    """

    def __init__(self, device: Path, sysfs: Path = _SYSFS, devices: Path = _DEVICES) -> None:
        self._device = device
        self._sysfs = sysfs
        self._devices = devices
        self._identity: _Identity | None = None
        self._port: str | None = None
        self._others: frozenset[str | None] = frozenset()
        self._found = device

    def remember(self, device: Path) -> None:
        """This is the camera: it gives pictures."""
        node = device.resolve().name
        self._identity = self._identify(node)
        self._port = self._port_of(node)
        self._others = frozenset(self._port_of(other) for other in self._alike() if other != node)

    def find(self) -> Path | None:
        """Return where the camera is now; as the configuration names it while nothing better is known.

        None where another of its like has taken that number, from a socket of its own.
        """
        found = self._search()
        if found is not None and found != self._found:
            log.warning("the camera %s (%s) is now %s", self._device, self._identity and self._identity.name, found)
            self._found = found
        return found

    def _search(self) -> Path | None:
        node = self._device.resolve().name
        if self._identity is None:
            return self._device
        is_alike = self._identify(node) == self._identity
        if is_alike and self._port_of(node) not in self._others:
            return self._device
        candidates = [node for node in self._alike() if self._port_of(node) not in self._others]
        at_home = [node for node in candidates if self._port_of(node) == self._port]
        chosen = at_home or candidates
        # of two that are alike none is taken: one may look at the road
        if len(chosen) == 1:
            return self._devices / chosen[0]
        return None if is_alike else self._device

    def _alike(self) -> list[str]:
        """Devices with the camera's name, by their own."""
        try:
            nodes = sorted(node.name for node in self._sysfs.iterdir())
        except OSError:
            return []
        return [node for node in nodes if self._identify(node) == self._identity]

    def _identify(self, node: str) -> _Identity | None:
        try:
            name, index = ((self._sysfs / node / part).read_text().strip() for part in ("name", "index"))
        except OSError:
            return None
        return _Identity(name, index) if (self._devices / node).exists() else None

    def _port_of(self, node: str) -> str | None:
        """Return the socket that it is plugged into, in the kernel's words."""
        try:
            return os.path.realpath(self._sysfs / node / "device")
        except OSError:
            return None
