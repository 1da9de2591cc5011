"""What the vehicle hears: inputs for the driver room, and that Home Assistant has started.

Takes messages as they came, hands valid inputs on. Refuses, counts and never fails.
"""

import logging
from collections.abc import Callable

from dms.alerts.delivery.connection import Received
from dms.alerts.discovery import birth_topic
from dms.alerts.inputs import Input, InputError, InputReader
from dms.alerts.messages import ONLINE
from dms.alerts.topics import Topics
from dms.config.alerts import MqttSettings

log = logging.getLogger(__name__)


class Inbox:
    """Sorts what comes in.

    Args:
        settings: The ``[mqtt]`` table.
        topics: The vehicle's topics.
        reader: Knows the inputs.
        on_input: Called with each valid input; what it raises is logged.

    Attributes:
        topics: What the vehicle listens to.
        rejected: Inputs that were refused.
    """

    def __init__(
        self,
        settings: MqttSettings,
        topics: Topics,
        reader: InputReader,
        on_input: Callable[[Input], None] | None,
    ) -> None:
        self._birth = birth_topic(settings.home_assistant_prefix) if settings.home_assistant else None
        self.topics: tuple[str, ...] = topics.inputs if self._birth is None else (*topics.inputs, self._birth)
        self.rejected = 0
        self._reader = reader
        self._on_input = on_input

    def take(self, message: Received, now: float) -> bool:
        """Take a message; returns whether it says that Home Assistant has started.

        Args:
            message: As it came.
            now: Seconds on the frames' clock.
        """
        if message.topic == self._birth:
            return message.payload == ONLINE.encode()
        try:
            value = self._reader.read(message.topic, message.payload, message.retained, now)
            if self._on_input is not None:
                self._on_input(value)
        except InputError as error:
            self.rejected += 1
            log.debug("mqtt input %s not taken: %s", message.topic, error)
        except Exception:
            log.exception("mqtt input %s", message.topic)
        return False
