"""An action that hangs: what waits for it, and what a stop does to it."""

import threading

from dms.actions.notice import Notice
from dms.actions.worker import Worker
from dms.alerts.messages import AlertMessage
from dms.driver.state import Phase
from tests.conftest import until

from .make import message


class Stuck:
    """Hangs in each step until it is let go or closed."""

    name = "stuck"

    def __init__(self) -> None:
        self.heard: list[Phase] = []
        self.closed = 0
        self.free = threading.Event()

    def open(self) -> None:
        pass

    def act(self, message: Notice) -> str:
        assert isinstance(message, AlertMessage)
        self.heard.append(message.phase)
        self.free.wait(60.0)
        return "done"

    def close(self) -> None:
        self.closed += 1
        self.free.set()


def hanging(*waiting: Phase) -> tuple[Worker, Stuck]:
    """A worker whose action hangs in a start, while other messages wait."""
    action = Stuck()
    worker = Worker(action, ("fatigue",), None)
    worker.start()
    worker.offer(message(Phase.START))
    until(lambda: action.heard)
    for phase in waiting:
        worker.offer(message(phase))
    return worker, action


def running() -> bool:
    return any(thread.name == Stuck.name for thread in threading.enumerate())


def test_the_end_is_heard_however_many_updates_wait() -> None:
    worker, action = hanging(*[Phase.UPDATE] * 20, Phase.END)
    action.free.set()
    worker.stop(60.0)
    assert action.heard == [Phase.START, *[Phase.UPDATE] * 7, Phase.END]
    assert worker.dropped == 13


def test_starts_and_ends_outlast_the_updates_that_wait_with_them() -> None:
    worker, action = hanging(*[Phase.END, Phase.START, Phase.UPDATE] * 4)
    action.free.set()
    worker.stop(60.0)
    assert action.heard == [Phase.START, *[Phase.END, Phase.START] * 4]
    assert worker.dropped == 4


def test_an_action_that_is_stopped_acts_no_more_however_much_waits() -> None:
    worker, action = hanging(*[Phase.UPDATE] * 8)
    worker.stop(0.0)
    until(lambda: not running())
    assert action.heard == [Phase.START]
    assert worker.dropped == 8
    assert action.closed == 2, "what it took after it was stopped is let go of as well"


def test_tests_take_nothing_from_what_real_alerts_may_do_in_a_minute() -> None:
    action = Stuck()
    action.free.set()
    worker = Worker(action, ("fatigue",), per_minute=1, now=lambda: 0.0)
    worker.start()
    tried = message().model_copy(update={"test": True})
    for heard in (tried, tried, message(), tried):
        worker.offer(heard)
    worker.stop(60.0)
    assert (len(action.heard), worker.dropped) == (4, 0)
    assert worker.done == 4
