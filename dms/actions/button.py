"""A button on a GPIO pin with which the driver says: I have heard you.

Takes presses, gives acknowledgements of every open alert, as ``cmd/ack`` on MQTT does.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from dms.actions.gpio import gpiozero
from dms.config.actions import ButtonSettings

log = logging.getLogger(__name__)


class Button:
    """The driver's button.

    Args:
        settings: Which pin; ``pin`` is set.
        on_press: Called from a thread of gpiozero's at each press.

    Raises:
        UserError: gpiozero is not installed.
    """

    def __init__(self, settings: ButtonSettings, on_press: Callable[[], None]) -> None:
        self._settings = settings
        self._make = gpiozero().Button
        self._on_press = on_press
        self._taken: Any = None

    def open(self) -> None:
        """Take the pin; one that cannot be had is logged, and alerts repeat as without a button."""
        try:
            self._taken = self._make(
                self._settings.pin, pull_up=not self._settings.active_high, bounce_time=self._settings.bounce_s
            )
        except Exception as error:
            # hardware libraries fail in all sorts of ways
            log.warning("button: %s", error)
            return
        self._taken.when_pressed = self._on_press

    def close(self) -> None:
        """Let go of the pin."""
        if self._taken is not None:
            with suppress(Exception):
                self._taken.close()
