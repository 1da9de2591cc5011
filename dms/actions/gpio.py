"""A buzzer and a light on GPIO pins, through gpiozero (the extra ``gpio``).

Takes alert messages, gives sound and light. gpiozero beeps from a thread of its own; nothing here waits for a pattern.
"""

import importlib
from typing import Any
from uuid import UUID

from dms.actions.notice import ConditionMessage, Notice
from dms.config.actions import BuzzerSettings, LampSettings
from dms.driver.lifecycle import RANK
from dms.driver.state import Phase
from dms.errors import UserError


class _Pin:
    """Something that is switched by a pin.

    Args:
        settings: Which pin; ``pin`` is set.
        kind: The class of gpiozero that drives it.

    Raises:
        UserError: gpiozero is not installed.
    """

    def __init__(self, settings: LampSettings, kind: str) -> None:
        self._pin, self._active_high = settings.pin, not settings.active_low
        self._make = getattr(gpiozero(), kind)
        self._taken: Any = None

    def open(self) -> None:
        """Take the pin. gpiozero's own errors say when it cannot be had."""
        self._device()

    def close(self) -> None:
        """Switch it off and let go of the pin."""
        if self._taken is not None:
            self._taken.off()
            self._taken.close()

    def _device(self) -> Any:
        if self._taken is None:
            self._taken = self._make(self._pin, active_high=self._active_high)
        return self._taken


class Buzzer(_Pin):
    """Beeps at each step of an alert, more often the worse it is, and falls silent if that very alert ends.

    Args:
        settings: Which pin, and the pattern; ``pin`` is set.

    Raises:
        UserError: gpiozero is not installed.
    """

    name = "buzzer"

    def __init__(self, settings: BuzzerSettings) -> None:
        super().__init__(settings, "Buzzer")
        self._beep_s = settings.beep_s
        self._beeps_for: UUID | None = None

    def act(self, message: Notice) -> str:
        """Begin the pattern of the alert's level, or fall silent."""
        if message.phase is Phase.END:
            if message.event_id != self._beeps_for:
                return f"{self._pin} is left as it is"
            self._device().off()
            return f"{self._pin} is off"
        self._beeps_for = message.event_id
        # once for what is no alert
        beeps = 1 if isinstance(message, ConditionMessage) else 2 ** (1 + RANK[message.level])
        self._device().beep(self._beep_s, self._beep_s, n=beeps)
        return f"{self._pin} beeps {beeps} times"


class Light(_Pin):
    """Is on while an alert is open.

    Args:
        settings: Which pin; ``pin`` is set.
        name: What a person calls it.

    Raises:
        UserError: gpiozero is not installed.
    """

    def __init__(self, settings: LampSettings, name: str = "light") -> None:
        super().__init__(settings, "LED")
        self.name = name
        self._open_alerts: set[UUID] = set()

    def act(self, message: Notice) -> str:
        """Switch it."""
        if message.phase is Phase.END:
            self._open_alerts.discard(message.event_id)
        else:
            self._open_alerts.add(message.event_id)
        is_on = bool(self._open_alerts)
        self._device().value = is_on
        return f"{self._pin} is {'on' if is_on else 'off'}"


def gpiozero() -> Any:
    """Return the library, which an extra brings.

    Raises:
        UserError: It is not installed.
    """
    try:
        return importlib.import_module("gpiozero")
    except ImportError as error:
        raise UserError("what [actions] has on pins needs gpiozero: pip install 'dms[gpio]'") from error
