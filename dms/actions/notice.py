"""What actions hear besides alerts: that the driver cannot be judged, or is watched again.

Takes states, gives messages of an alert's shape. They never leave the vehicle: on MQTT the state says the same.
"""

from collections.abc import Callable
from typing import Literal
from uuid import UUID, uuid4

from pydantic import Field

from dms.alerts.clock import Stamp
from dms.alerts.messages import AlertMessage, Message, Utc
from dms.driver.state import Condition, Degraded, DriverState, Phase

NoticeKind = Literal["degraded", "watching"]


class ConditionMessage(Message):
    """One step of a time in which the driver cannot be judged (``degraded``), or is watched (``watching``)."""

    kind: NoticeKind
    level: str = Field(description="Why the driver cannot be judged, as in the state's field degraded; or watching.")
    event_id: UUID = Field(description="Shared by start, updates and end.")
    phase: Phase = Field(description="start, update (another reason) or end.")
    started_at: Utc = Field(description="When it began, UTC.")
    test: Literal[False] = False


Notice = AlertMessage | ConditionMessage
"""What an action receives; ``kind`` says which."""


class _Time:
    """One such time after the other."""

    def __init__(self, kind: NoticeKind, stamp: Callable[[float], Stamp]) -> None:
        self._kind, self._stamp = kind, stamp
        self._open: ConditionMessage | None = None

    def update(self, t: float, level: str | None) -> ConditionMessage | None:
        """Take the level at time ``t``, None outside such a time; returns the step that this makes, if it is one."""
        before = self._open
        if level == (None if before is None else before.level):
            return None
        now = self._stamp(t)
        if before is None:
            assert level is not None
            self._open = ConditionMessage(
                at=now.at, clock=now.quality, kind=self._kind, level=level, event_id=uuid4(), phase=Phase.START,
                started_at=now.at,
            )  # fmt: skip
            return self._open
        shared = {"at": now.at, "clock": now.quality}
        if level is None:
            self._open = None
            return before.model_copy(update={**shared, "phase": Phase.END})
        self._open = before.model_copy(update={**shared, "phase": Phase.UPDATE, "level": level})
        return self._open


class Conditions:
    """Turns states into notices.

    Args:
        stamp: Returns the UTC of a moment on the frames' clock.
    """

    def __init__(self, stamp: Callable[[float], Stamp]) -> None:
        self._degraded = _Time("degraded", stamp)
        self._watching = _Time("watching", stamp)
        self._is_watched = False

    def update(self, state: DriverState) -> list[ConditionMessage]:
        """Return what the next state makes of it, in order; mostly nothing."""
        degraded: Degraded | None = state.degraded
        if state.condition is not Condition.UNKNOWN:
            # too little seen so far or just now is neither: what held goes on
            self._is_watched = degraded is None
        found = (
            self._degraded.update(state.t, None if degraded is None else degraded.value),
            self._watching.update(state.t, "watching" if self._is_watched else None),
        )
        return [notice for notice in found if notice is not None]
