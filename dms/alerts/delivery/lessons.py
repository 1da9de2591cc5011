"""What the ends of connections teach for the next one: which version, which last will, how long to pause.

Pure but for the chance in the pause. Takes a connection that has ended, gives the reason in words.
"""

import random

from dms.alerts.delivery.connection import Connection, Will
from dms.alerts.reasons import QOS_NOT_SUPPORTED, RETAIN_NOT_SUPPORTED, UNSUPPORTED_VERSION
from dms.alerts.version import VersionChoice
from dms.config.alerts import MqttSettings

_STOOD_S = 5.0
"""A connection that lasted this long was a good one: the next retry is quick again."""
_CUT_SHORT_OFTEN = 4
"""How many connections in a row, accepted and soon closed without a word, are taken to have a reason."""


class Lessons:
    """Learned from one connection after another.

    Args:
        settings: The ``[mqtt]`` table.
        client_id: The vehicle's.

    Attributes:
        version: Which version of MQTT the next connection speaks.
        will: The last will that the next connection leaves.
    """

    def __init__(self, settings: MqttSettings, client_id: str) -> None:
        self.version = VersionChoice(settings.protocol)
        self.will = Will()
        self._client_id = client_id
        self._shortest_s, self._longest_s = settings.retry_min_s, settings.retry_max_s
        self._pause_s = settings.retry_min_s
        self._cut_short = 0

    def learn(self, connection: Connection, error: str, stood_s: float | None) -> str:
        """A connection has ended; returns why, in words.

        Args:
            connection: It.
            error: Why, as far as it knows itself.
            stood_s: Seconds since the broker accepted it; None where it did not.
        """
        if connection.accepted:
            return self._accepted(connection, error, stood_s or 0.0)
        if connection.code == UNSUPPORTED_VERSION:
            self.version.refuse()
        elif connection.code in (RETAIN_NOT_SUPPORTED, QOS_NOT_SUPPORTED):
            keeps = self.will.retain and connection.code != RETAIN_NOT_SUPPORTED
            self.will = Will(0 if connection.code == QOS_NOT_SUPPORTED else self.will.qos, keeps)
        elif connection.opened and not connection.refused:
            # closed, or never answered: amqtt does the one or the other to a version that it does not know
            self.version.end_silently()
        return error

    def pause(self) -> float:
        """Return the seconds until the next attempt: twice as long each time, a random half of it."""
        pause_s = self._pause_s * random.uniform(0.5, 1.0)
        self._pause_s = min(2 * self._pause_s, self._longest_s)
        return pause_s

    def _accepted(self, connection: Connection, error: str, stood_s: float) -> str:
        # not from its beginning: an attempt that fails slowly is no good connection
        if stood_s > _STOOD_S:
            self._pause_s, self._cut_short = self._shortest_s, 0
        self._cut_short += 1
        if self._cut_short < _CUT_SHORT_OFTEN or connection.closed is None or connection.code is not None:
            return error
        often = 1 << (self._cut_short.bit_length() - 1)  # a text that does not change each time is logged once
        return f"accepted, then closed {often} times: another client uses the id {self._client_id}?"
