"""From the driver room's values to messages, each with its id and its number.

Takes ``Alert`` and ``DriverState`` values, gives messages. Knows no broker and no clock of its own, so that a replay
makes the same messages as the daemon, byte for byte.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any
from uuid import UUID, uuid5

from dms.alerts.clock import Stamp
from dms.alerts.messages import (
    ALERT,
    AlertMessage,
    AngerAlertMessage,
    DistractionAlertMessage,
    FatigueAlertMessage,
    StateMessage,
)
from dms.alerts.topics import ROOT, Topics
from dms.driver.state import Alert, AlertKind, DriverState, Phase
from dms.observation import Emotions

_NAMESPACE = UUID("6d8f0b0e-4a43-5b7e-9a53-0f7d3b2a9c11")
_DIGITS = 4
"""Decimals of numbers on the wire: a tenth of a millisecond, a hundredth of a per cent."""


class Encoder:
    """Makes the messages of one vehicle in one session.

    Args:
        vehicle_id: Second part of every topic.
        session: Names this run; ids of alerts derive from it, so a replay with the same name gives the same ids.
        stamp: Returns the UTC of a moment on the frames' clock.
        prefix: First part of every topic.
        sequences: The last sequence used on each alert topic, as the outbox remembers them; none in a replay.
    """

    def __init__(
        self,
        vehicle_id: str,
        session: str,
        stamp: Callable[[float], Stamp],
        sequences: Mapping[str, int] | None = None,
        prefix: str = ROOT,
    ) -> None:
        self.topics = Topics(vehicle_id, prefix)
        self.session = session
        self._stamp = stamp
        self._sequences = Counter(sequences or {})
        self._open: dict[UUID, tuple[AlertKind, int]] = {}
        self._tried: dict[UUID, tuple[AlertKind, int]] = {}

    def begin(self, session: str) -> None:
        """Begin another session: its alerts and states are counted from 1, the topics' sequences go on."""
        self.session = session
        self._open.clear()
        self._sequences[self.topics.state] = 0

    def topic(self, alert: Alert) -> str:
        """Return where the messages of this alert go."""
        return self.topics.alert(alert.kind)

    def event_id(self, kind: AlertKind, episode: int) -> UUID:
        """Return the id that start, updates and end of one alert share."""
        return uuid5(_NAMESPACE, f"{self.session}/{kind}/{episode}")

    def open_alert(self, event_id: UUID) -> tuple[AlertKind, int] | None:
        """Kind and episode of an open alert by its id; None when it is not one of this session, or is over.

        The last one that was tried can be found for good: who acknowledges it may be late.
        """
        return self._tried.get(event_id) or self._open.get(event_id)

    @property
    def has_open(self) -> bool:
        """Whether an alert of this session is open."""
        return bool(self._open)

    def alert(self, alert: Alert) -> AlertMessage:
        """Return the next message on the alert's topic; ``late_s`` is 0 until it is sent."""
        event_id = self.event_id(alert.kind, alert.episode)
        if alert.phase is Phase.END:
            self._open.pop(event_id, None)
        else:
            self._open[event_id] = (alert.kind, alert.episode)
        return self._message(alert, event_id)

    def trial(self, alert: Alert, event_id: UUID) -> AlertMessage:
        """Return the next message on the alert's topic, marked as a test: no state ever names it as open."""
        self._tried = {event_id: (alert.kind, alert.episode)}
        return self._message(alert, event_id, test=True)

    def _message(self, alert: Alert, event_id: UUID, test: bool = False) -> AlertMessage:
        topic = self.topic(alert)
        self._sequences[topic] += 1
        at, started_at = self._stamp(alert.t), self._stamp(alert.started_t)
        shared = {
            "at": at.at,
            "clock": at.quality,
            "session": self.session,
            "event_id": event_id,
            "phase": alert.phase,
            "started_at": started_at.at,
            "sequence": self._sequences[topic],
            "evidence": {name: _rounded(value) for name, value in alert.evidence.items()},
            "test": test,
            "late_s": 0.0,
            "level": alert.level,
        }
        match alert.kind:
            case AlertKind.FATIGUE:
                return FatigueAlertMessage.model_validate(shared)
            case AlertKind.ANGER:
                return AngerAlertMessage.model_validate(shared)
            case AlertKind.DISTRACTION:
                return DistractionAlertMessage.model_validate(shared)

    def state(self, state: DriverState) -> StateMessage:
        """Return the next state message."""
        self._sequences[self.topics.state] += 1
        stamp = self._stamp(state.t)
        judged = _plain(state)
        del judged["t"]
        if state.emotions is not None:
            judged["emotions"] = _plain(state.emotions)
        sequence = self._sequences[self.topics.state]
        told = {"at": stamp.at, "clock": stamp.quality, "sequence": sequence, "session": self.session}
        open_alerts = tuple({"kind": kind, "event_id": event_id} for event_id, (kind, _) in self._open.items())
        return StateMessage.model_validate({**judged, **told, "open_alerts": open_alerts})

    def end_of(self, payload: str, topic: str, last: int, t: float) -> AlertMessage:
        """Return the end of an alert that an earlier run left open: the daemon that raised it was killed.

        Args:
            payload: The alert's newest message.
            topic: Where it went; another vehicle's where the id has changed since.
            last: The last sequence used there.
            t: Now, seconds on the frames' clock.

        Raises:
            ValidationError: The payload is no alert message.
        """
        left_open = ALERT.validate_json(payload)
        self._sequences[topic] = last + 1
        now = self._stamp(t)
        return left_open.model_copy(
            update={
                "at": now.at,
                "clock": now.quality,
                "phase": Phase.END,
                "sequence": self._sequences[topic],
                "evidence": {"cause": "restart"},
                "late_s": 0.0,
            }
        )


def _plain(record: DriverState | Emotions) -> dict[str, Any]:
    """The fields of a record, numbers rounded, records in it as they are; ``asdict`` would copy every value."""
    return {field.name: _rounded(getattr(record, field.name)) for field in fields(record)}


def _rounded(value: object) -> object:
    if not isinstance(value, float):
        return value
    return round(value, _DIGITS) if math.isfinite(value) else None
