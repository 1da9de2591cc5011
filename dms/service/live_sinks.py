"""Who hears of the daemon's drive: actions, records, the broker, the log, whoever asks; and how a reload replaces them.

Takes the configuration, gives the sinks in the order in which the road calls them. Judges nothing.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dms import __version__
from dms.actions.actions import Actions
from dms.alerts.clock import Clock
from dms.alerts.inputs import Input
from dms.alerts.messages import InfoMessage, ModelInfo
from dms.config import Config
from dms.driver.inputs import Acknowledgement
from dms.driver.state import AlertKind
from dms.records.records import Records
from dms.service.look import Notes
from dms.service.onlookers import Onlookers
from dms.service.outcomes import Outcomes
from dms.service.sinks import AlertLog, MqttSink
from dms.sink import Sink

_REPLACE_S = 0.5
"""Time that actions and records have to finish what they have begun when others replace them."""


class LiveSinks:
    """The sinks of the daemon's road.

    Args:
        config: Everything.
        folder: Where the daemon keeps what must outlive it.
        clock: The frames' clock.
        on_input: Called with each valid input: from the delivery thread, and from that of the button.
        onlookers: Shows whoever asks what the camera sees.
        others: Receive each step as well, last.

    Attributes:
        actions: What is done about alerts.
        records: What is kept of the drive.
        mqtt: What the broker is sent.
        notes: What is answered about the drive.
        onlookers: As above.
        outcomes: Hears what actions and broker make of an alert that is tried.

    Raises:
        UserError: A login, a certificate, the hook or an extra cannot be used.
    """

    def __init__(
        self,
        config: Config,
        folder: Path,
        clock: Clock,
        on_input: Callable[[Input], None],
        onlookers: Onlookers,
        others: Sequence[Sink] = (),
    ) -> None:
        self._clock = clock
        self._on_input = on_input
        self._others = others
        self.outcomes = Outcomes()
        self.actions = self.make_actions(config)
        self.records = Records(config.records, config.service.state_dir)
        self.mqtt = MqttSink(config, folder, uuid.uuid4().hex, clock, on_input, self.outcomes.delivered)
        self.notes = Notes()
        self.onlookers = onlookers

    def in_order(self) -> tuple[Sink, ...]:
        """Return all of them: what warns the driver first, then what touches a disk; the log names what is on it."""
        return (self.actions, self.records, self.mqtt, AlertLog(), self.notes, self.onlookers, *self._others)

    def acting(self, kind: AlertKind) -> tuple[str, ...]:
        """Return the names of the actions that alerts of this kind are given to."""
        return self.actions.names_for(kind)

    def make_actions(self, config: Config) -> Actions:
        """Make the actions of a configuration, beside those that act now.

        Raises:
            UserError: The hook or an extra cannot be used.
        """

        def acknowledge() -> None:
            self._on_input(Acknowledgement(self._clock.now()))

        return Actions(config.actions, config.vehicle.id, self._clock.stamp, acknowledge, self.outcomes.acted)

    def replace_actions(self, actions: Actions) -> Actions:
        """Stop the actions, and let others go on with what is open; returns those that were stopped."""
        before, self.actions = self.actions, actions
        before.stop(_REPLACE_S)
        actions.take_over(before)
        return before

    def replace_records(self, config: Config) -> None:
        """Stop the records, and keep what the configuration says from now on."""
        self.records.stop(_REPLACE_S)
        self.records = Records(config.records, config.service.state_dir)

    def publish_info(self, config: Config, hashes: Mapping[str, str]) -> None:
        """Publish what runs.

        Args:
            config: Everything.
            hashes: SHA-256 of each model, by its name.
        """
        stamp = self._clock.stamp(self._clock.now())
        message = InfoMessage(
            at=stamp.at,
            clock=stamp.quality,
            version=__version__,
            session=self.mqtt.encoder.session,
            models={name: ModelInfo(sha256=digest) for name, digest in hashes.items()},
            config=config.model_dump(mode="json"),
        )
        self.mqtt.info(message)
