"""A subscriber on the client that a generator makes of docs/schema/messages.json; a type checker must understand it."""

from typing import Literal, assert_never, assert_type

from messages import (
    AngerAlertMessage,
    AngerLevel,
    DistractionAlertMessage,
    DmsMessagesVersion1,
    FatigueAlertMessage,
    FatigueLevel,
    StateMessage,
)


def alert_in_words(alert: FatigueAlertMessage | AngerAlertMessage | DistractionAlertMessage) -> str:
    """One line; the kind tells which levels and which evidence there are."""
    if alert.kind == "fatigue":
        assert_type(alert.level, FatigueLevel)
        closed_s = 0.0 if alert.evidence.closed_s is None else alert.evidence.closed_s
        measured = f"closed for {closed_s:.1f} s"
    elif alert.kind == "anger":
        assert_type(alert.level, AngerLevel)
        score = 0.0 if alert.evidence.anger_score is None else alert.evidence.anger_score
        measured = f"score {score:.1f}"
    elif alert.kind == "distraction":
        assert_type(alert.level, Literal["eyes_off_road"])
        off_road_s = 0.0 if alert.evidence.eyes_off_road_s is None else alert.evidence.eyes_off_road_s
        measured = f"off the road for {off_road_s:.1f} s"
    else:
        assert_never(alert)
    late_s = 0.0 if alert.late_s is None else alert.late_s
    return f"{alert.kind} {alert.phase} {alert.level} #{alert.sequence}, {measured}, {late_s:.0f} s late"


def in_words(payload: str) -> str:
    """One line for any message."""
    message = DmsMessagesVersion1.model_validate_json(payload).root
    if isinstance(message, FatigueAlertMessage | AngerAlertMessage | DistractionAlertMessage):
        return alert_in_words(message)
    if isinstance(message, StateMessage):
        level = "unknown" if message.fatigue is None else message.fatigue
        return f"state {message.condition}, fatigue {level}, {len(message.open_alerts)} open"
    return type(message).__name__
