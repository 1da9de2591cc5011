"""An alert that somebody tries: it goes the real road, marked, and leaves no trace in what is judged.

Takes what to try, gives messages to the road and reports what came of them. An alert that is real comes first: none is
tried while one is open, and a test ends before one starts.
"""

import queue
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dms.alerts.clock import Clock
from dms.alerts.delivery.progress import PublisherStatus
from dms.alerts.encoder import Encoder
from dms.alerts.messages import AlertMessage
from dms.driver.inputs import Acknowledgement
from dms.driver.state import Alert, AlertKind, AngerLevel, DistractionLevel, FatigueLevel, Phase
from dms.service.control.loop import LoopCalls
from dms.service.control.protocol import Answer, RefusedError
from dms.service.outcomes import Heard, Outcomes

_EPISODE = 0
"""Real episodes count from 1, so nothing that is judged is ever meant."""
_ACKNOWLEDGED_S = 10.0
"""How long to wait for an acknowledgement and, after the end, for what is still missing."""
_TURN_S = 0.25
_EVIDENCE = {"cause": "test"}
_WAKING: Mapping[AlertKind, FatigueLevel | AngerLevel | DistractionLevel] = {
    AlertKind.FATIGUE: FatigueLevel.MICROSLEEP,
    AlertKind.ANGER: AngerLevel.ANGRY,
    AlertKind.DISTRACTION: DistractionLevel.EYES_OFF_ROAD,
}
"""The level of each kind that is tried where none is named."""


class TrialSettings(BaseModel):
    """What is tried: the arguments of the question ``test_alert``."""

    model_config = ConfigDict(defer_build=True)

    kind: AlertKind = AlertKind.FATIGUE
    level: FatigueLevel | AngerLevel | DistractionLevel | None = Field(
        None, description="Microsleep, angry or eyes_off_road without."
    )
    seconds: float = Field(3.0, ge=0.5, le=60.0, allow_inf_nan=False, description="From start to end.")

    @model_validator(mode="after")
    def _level_is_of_the_kind(self) -> Self:
        levels = type(_WAKING[self.kind])
        if self.level is not None and not isinstance(self.level, levels):
            raise ValueError(f"{self.level} is no level of {self.kind}; it has {', '.join(levels)}")
        return self

    @property
    def tried_level(self) -> FatigueLevel | AngerLevel | DistractionLevel:
        """The level, or that of an alert that wakes."""
        return self.level or _WAKING[self.kind]


@dataclass(frozen=True, slots=True)
class _Open:
    """A test that runs."""

    event_id: UUID
    start: Alert
    until: float


class Trial:
    """The one alert that may be tried at a time. Every method belongs to the daemon's loop.

    Args:
        encoder: Makes the messages; it knows what is open, and counts.
        clock: The frames' clock.
        tell: Passes a step to the road's sinks.
        outcomes: Hears what comes of it.
    """

    def __init__(
        self, encoder: Encoder, clock: Clock, tell: Callable[[Alert, AlertMessage], None], outcomes: Outcomes
    ) -> None:
        self._encoder = encoder
        self._clock = clock
        self._tell = tell
        self._outcomes = outcomes
        self._open: _Open | None = None
        self._last: tuple[UUID, AlertKind] | None = None

    def start(self, settings: TrialSettings, put: Callable[[Heard], None]) -> UUID:
        """Raise it.

        Args:
            settings: What.
            put: Receives what comes of it, from any thread.

        Raises:
            RefusedError: An alert is open, or a test.
        """
        if self._encoder.has_open:
            raise RefusedError("a real alert is open: nothing is tried now")
        if self._open is not None:
            raise RefusedError("another test is still running")
        now, event_id = self._clock.now(), uuid4()
        alert = Alert(settings.kind, Phase.START, settings.tried_level, _EPISODE, now, now, _EVIDENCE)
        self._outcomes.follow(event_id, put)
        self._open, self._last = _Open(event_id, alert, now + settings.seconds), (event_id, settings.kind)
        self._raise(alert, event_id)
        return event_id

    def turn(self) -> None:
        """End it when its time is over."""
        if self._open is not None and self._clock.now() >= self._open.until:
            self.end()

    def end(self, event_id: UUID | None = None) -> None:
        """End it now, whichever runs; or that one alone, if it runs."""
        if self._open is None or event_id not in (None, self._open.event_id):
            return
        opened, self._open = self._open, None
        start = opened.start
        end = Alert(start.kind, Phase.END, start.level, _EPISODE, start.started_t, self._clock.now(), _EVIDENCE)
        self._raise(end, opened.event_id)

    def acknowledge(self, event: Acknowledgement) -> bool:
        """Note that somebody has taken note; returns whether only a test was meant."""
        if self._last is not None and event.kind in (None, self._last[1]) and event.episode in (None, _EPISODE):
            self._outcomes.acknowledged(self._last[0])
        return event.episode == _EPISODE

    def _raise(self, alert: Alert, event_id: UUID) -> None:
        message = self._encoder.trial(alert, event_id)
        self._outcomes.raised(message)
        self._tell(alert, message)


class TrialAnswers:
    """Answers the question ``test_alert``, step by step.

    Args:
        trial: Raises the alert.
        calls: Reaches the loop that it belongs to.
        acting: The names of the actions that a kind of alert is given to.
        broker: How delivery is doing.
    """

    def __init__(
        self,
        trial: Trial,
        calls: LoopCalls,
        acting: Callable[[AlertKind], tuple[str, ...]],
        broker: Callable[[], PublisherStatus],
    ) -> None:
        self._trial = trial
        self._calls = calls
        self._acting = acting
        self._broker = broker

    def answer(self, arguments: Mapping[str, Any]) -> Generator[Answer | None, None, None]:
        """Try an alert, and report what comes of it; an asker who goes away ends it."""
        settings = TrialSettings.model_validate(arguments)
        heard: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        event_id = self._calls.call(lambda: self._trial.start(settings, heard.put))
        parts = (*self._acting(settings.kind), "mqtt")
        yield {
            "event_id": str(event_id),
            "kind": settings.kind,
            "level": settings.tried_level,
            "seconds": settings.seconds,
            "told": list(parts),
        }
        try:
            yield from self._follow(settings, parts, heard)
        finally:
            with suppress(RefusedError):  # a daemon that stops has ended it
                self._calls.call(lambda: self._trial.end(event_id))

    def _follow(
        self, settings: TrialSettings, parts: tuple[str, ...], heard: queue.SimpleQueue[Heard]
    ) -> Generator[Answer | None, None, None]:
        began = time.monotonic()
        awaited = {(part, phase) for phase in (Phase.START, Phase.END) for part in parts}
        raised: dict[Phase, float] = {}
        acknowledged = False
        while True:
            waited_s = time.monotonic() - began
            patient = waited_s < settings.seconds + _ACKNOWLEDGED_S
            if not (awaited and patient) and (acknowledged or waited_s >= _ACKNOWLEDGED_S):
                break
            try:
                one = heard.get(timeout=_TURN_S)
            except queue.Empty:
                yield None
                continue
            if one.part == "daemon":
                raised[one.phase] = one.t
            elif one.part == "acknowledgement" and acknowledged:
                continue
            acknowledged |= one.part == "acknowledgement"
            awaited.discard((one.part, one.phase))
            yield _told(one.part, one.phase, one.ok, one.text, one.t - raised[one.phase])
        for part, phase in sorted(awaited):
            yield _told(part, phase, False, self._missing(part), None)
        if not acknowledged:
            text = f"nobody has taken note within {_ACKNOWLEDGED_S:.0f} s"
            yield _told("acknowledgement", Phase.START, None, text, None)

    def _missing(self, part: str) -> str:
        if part != "mqtt":
            return "it is not done yet"
        broker = self._broker()
        why = broker.error or ("it has not acknowledged" if broker.connected else "it cannot be reached")
        return f"{why}; the message waits on disk" if broker.outbox_error is None else f"{why}; it waits in memory"


def _told(part: str, phase: Phase, ok: bool | None, text: str, after_s: float | None) -> Answer:
    after_ms = None if after_s is None else round(1000 * after_s, 1)
    return {"part": part, "phase": phase, "ok": ok, "text": text, "after_ms": after_ms}


class TrialReport:
    """What the asker heard of a test: a line for each answer, and whether all went well."""

    warnings: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._answers: list[dict[str, Any]] = []
        self._lines: list[str] = []

    def take(self, answer: dict[str, Any]) -> str:
        """Take an answer of the daemon's; returns it in words."""
        self._answers.append(answer)
        self._lines.append(self._in_words(answer))
        return self._lines[-1]

    def text(self) -> str:
        """Return all lines so far."""
        return "\n".join(self._lines)

    @staticmethod
    def _in_words(answer: dict[str, Any]) -> str:
        if "part" not in answer:
            told = ", ".join(answer["told"])
            return f"test alert {answer['kind']} {answer['level']}, {answer['seconds']:g} s, told to {told}"
        if answer["part"] == "daemon":
            return f"{answer['phase']}"
        verdict = {True: "ok", False: "failed", None: "-"}[answer["ok"]]
        after = "" if answer["after_ms"] is None else f" after {answer['after_ms']:.0f} ms"
        return f"  {verdict:<7} {answer['phase']:<6} {answer['part']:<15} {answer['text']}{after}"

    @property
    def well(self) -> bool:
        """Whether every part that received it did its work."""
        return all(answer.get("ok") is not False for answer in self._answers)

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {**self._answers[0], "well": self.well, "outcomes": self._answers[1:]} if self._answers else {}
