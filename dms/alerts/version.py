"""Which version of MQTT is spoken.

Pure: takes what became of the connections, gives the version of the next one.
"""

from typing import Literal

Version = Literal["5", "3.1.1"]

_SILENT_ENDS = 2


class VersionChoice:
    """Tries MQTT 5 first where either will do, and keeps what was accepted.

    Args:
        setting: ``mqtt.protocol``.

    Attributes:
        version: What the next connection speaks.
        accepted: Whether a broker has accepted it.
    """

    def __init__(self, setting: Literal["auto", "5", "3.1.1"]) -> None:
        self.version: Version = "5" if setting == "auto" else setting
        self.accepted = False
        self._may_change = setting == "auto"
        self._silent = 0

    def accept(self) -> None:
        """A broker has accepted a connection: this version stands until the daemon restarts."""
        self.accepted = True

    def refuse(self) -> None:
        """A broker does not speak this version."""
        self._change()

    def end_silently(self) -> None:
        """A connection ended without the broker's answer: it was closed, or given up."""
        self._silent += 1
        if self._silent >= _SILENT_ENDS:
            self._change()

    def _change(self) -> None:
        self._silent = 0
        if self._may_change and not self.accepted:
            self.version = "3.1.1" if self.version == "5" else "5"
