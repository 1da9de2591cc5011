"""Has something done by the loop that sees and judges, which alone may touch what it owns.

Takes calls from any thread, makes them between two frames. What is called must be quick: the driver waits.
"""

import queue
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from dms.service.control.protocol import RefusedError

_Result = TypeVar("_Result")


class LoopCalls:
    """Calls that wait for the loop."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def call(self, function: Callable[[], _Result], timeout_s: float = 2.0) -> _Result:
        """Have the loop call a function, and wait for what it gives. From any thread but the loop's.

        Raises:
            RefusedError: The loop has not come to it in time; then it is never called.
            Exception: What the function raised.
        """
        made: Future[_Result] = Future()

        def make() -> None:
            if not made.set_running_or_notify_cancel():
                return
            try:
                made.set_result(function())
            except BaseException as error:
                made.set_exception(error)

        self._waiting.put(make)
        try:
            return made.result(timeout_s)
        except TimeoutError as error:
            if made.cancel():
                raise RefusedError(f"the loop that sees and judges has not turned for {timeout_s:g} s") from error
            return made.result()

    def make(self) -> None:
        """Make the calls that wait. From the loop."""
        while not self._waiting.empty():
            self._waiting.get()()
