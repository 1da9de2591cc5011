"""Lets a person look through the daemon's camera while it watches: the daemon's side of ``dms aim``.

Takes the steps of a drive, gives the aim and pictures to whoever asks over the local socket. Judges and draws in a
thread of its own, and only while somebody looks; keeps no picture beyond the newest.
"""

import base64
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from dms.aim.seen import PICTURES_HZ, Seen
from dms.config import Config
from dms.errors import UserError
from dms.frames import Frame
from dms.observation import Observation
from dms.service.control.protocol import Answer, RefusedError
from dms.sink import Sink, Step

if TYPE_CHECKING:
    from dms.aim.glimpse import Points

log = logging.getLogger(__name__)

Looking = Literal["here", "page"]
"""Who looks: somebody at this machine, or whoever has the code of a page that a command serves."""

_LINGER_S = 2.0
"""How long a look goes on after the last asker has gone: one that asks again a moment later continues it."""
_QUIET_S = 0.5
_WAITING = 8
"""Frames that wait for the judge, so that a picture that takes long to draw makes no frame rate look lower."""


class AimQuestion(BaseModel):
    """What is asked for with ``aim``."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    source: str | None = Field(None, max_length=2048, description="The camera that is meant; absent: whichever it is.")
    pictures: bool = False
    page: str | None = Field(None, max_length=64, description="Address at which the asker serves a page.")


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    frame: Frame | None
    seen: Observation
    points: "Points | None"


class Onlookers(Sink):
    """Shows whoever asks what the camera sees.

    Args:
        config: The configuration as it is now.
        points: (68, 2) of the face that perception follows, as of the frame that was seen last; called by the road.
    """

    def __init__(self, config: Callable[[], Config], points: Callable[[], "Points | None"]) -> None:
        self._config = config
        self._points = points
        self._changed = threading.Condition()
        self._askers: list[AimQuestion] = []
        self._waiting: deque[_Waiting] = deque(maxlen=_WAITING)
        self._thread: threading.Thread | None = None
        self._left = 0.0
        self._newest = Seen()
        self._number = 0
        self._failure: str | None = None
        self.fault: str | None = None
        """What is wrong with the camera, for whoever looks; None when nothing is."""

    @property
    def looking(self) -> Looking | None:
        """Who looks now, None when nobody does."""
        with self._changed:
            if any(asker.page is not None for asker in self._askers):
                return "page"
            return "here" if self._askers else None

    def step(self, step: Step) -> None:
        """Keep a moment for the judge, while somebody looks."""
        if self._thread is None or step.observation is None:
            return
        waiting = _Waiting(step.frame, step.observation, self._points())
        with self._changed:
            self._waiting.append(waiting)
            self._changed.notify_all()

    def answer(self, arguments: Mapping[str, Any]) -> Generator[Answer | None, None, None]:
        """Answer ``aim``: first whether this camera is meant, then the aim as it changes, until the asker goes.

        Raises:
            RefusedError: The models cannot be loaded once more.
            ValidationError: The arguments are not those of ``AimQuestion``.
        """
        question = AimQuestion.model_validate(dict(arguments))
        # an address may hold a password: it is compared here, and not passed on
        if question.source not in {None, self._config().camera.source}:
            yield {"meant": False}
            return
        with self._looks(question):
            yield {"meant": True}
            number = 0
            while True:
                newer, seen = self._newer(number)
                yield _told(seen, question.pictures) if newer > number else None
                number = newer

    def _newer(self, number: int) -> tuple[int, Seen]:
        """Wait for something newer than what has this number; returns the newest."""
        with self._changed:
            self._changed.wait_for(lambda: self._number > number or self._failure is not None, _QUIET_S)
            if self._failure is not None:
                raise RefusedError(self._failure)
            return self._number, self._newest

    @contextmanager
    def _looks(self, asker: AimQuestion) -> Iterator[None]:
        with self._changed:
            is_news = asker.page is not None and not self._serves(asker.page)
            self._askers.append(asker)
            if self._thread is None:
                self._failure, self._newest = None, Seen()
                self._waiting.clear()
                self._thread = threading.Thread(target=self._judge, name="aim", daemon=True)
                self._thread.start()
        if is_news:
            log.warning("the camera's pictures are shown at %s to whoever has the code (dms aim --serve)", asker.page)
        try:
            yield
        finally:
            with self._changed:
                self._askers.remove(asker)
                self._left = time.monotonic()
                is_over = asker.page is not None and not self._serves(asker.page)
            if is_over:
                log.warning("the camera's pictures are no longer shown at %s", asker.page)

    def _serves(self, page: str) -> bool:
        return any(asker.page == page for asker in self._askers)

    def _judge(self) -> None:
        """Judge and draw until nobody has looked for a while; runs in a thread of its own."""
        log.info("somebody looks through the camera (dms aim)")
        try:
            self._follow()
        except Exception as error:
            if not isinstance(error, UserError):
                log.exception("the aim could not be judged")
            with self._changed:
                self._thread, self._failure = None, str(error) or type(error).__name__
                self._changed.notify_all()
        log.info("nobody looks through the camera any longer")

    def _follow(self) -> None:
        from dms.aim.picture import drawn, jpeg  # noqa: PLC0415  # only while somebody looks
        from dms.aim.viewer import Sight, Viewer  # noqa: PLC0415

        config, drawn_t = self._config(), -1.0
        viewer = Viewer(config)
        while (waiting := self._next()) is not None:
            if self._config() is not config:
                config = self._config()
                viewer = Viewer(config)
            frame = waiting.frame
            if frame is None:
                self._show(Seen(fault=self.fault))
                continue
            viewer.take(frame, waiting.seen, waiting.points)
            wanted = any(asker.pictures for asker in list(self._askers))
            # whoever has just come sees the very next picture
            is_first = drawn_t < 0.0 or (wanted and self._newest.picture is None)
            if not is_first and 0.0 <= frame.t - drawn_t < 0.9 / PICTURES_HZ:
                continue
            drawn_t = frame.t
            aim = viewer.aim() if viewer.ready else None
            picture = None
            if wanted:
                points = waiting.points if waiting.seen.box is not None else None
                sight = Sight(frame.picture, waiting.seen.box, points)
                picture = jpeg(drawn(sight, aim.verdict if aim else None))
            self._show(Seen(aim, picture))

    def _next(self) -> _Waiting | None:
        """Return the next moment; None when nobody looks any longer."""
        with self._changed:
            while self._askers or time.monotonic() - self._left < _LINGER_S:
                if self._waiting:
                    return self._waiting.popleft()
                self._changed.wait(_QUIET_S)
            # whoever comes from now on starts another thread
            self._thread = None
            return None

    def _show(self, seen: Seen) -> None:
        with self._changed:
            self._newest = seen
            self._number += 1
            self._changed.notify_all()


def _told(seen: Seen, pictures: bool) -> Answer:
    picture = seen.picture if pictures else None
    return {
        "aim": None if seen.aim is None else seen.aim.to_json(),
        "picture": None if picture is None else base64.b64encode(picture).decode("ascii"),
        "fault": seen.fault,
    }
