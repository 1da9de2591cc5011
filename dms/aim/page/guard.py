"""Lets in whoever has the code that stands on the terminal.

A code opens the page once, for one phone; the next one is then shown. Wrong ones are slowed for everybody: six digits
stand against the few dozen guesses that ten minutes have room for.
"""

import hmac
import secrets
import threading
import time
from collections.abc import Callable

_DIGITS = 6
_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 60.0
"""After the first wrong code nobody is heard for so long; each further one doubles it, up to the second."""


class TooSoonError(Exception):
    """A code came before the pause was over.

    Attributes:
        wait_s: How much of it is left, seconds.
    """

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"wait {wait_s:.0f} s")
        self.wait_s = wait_s


class Guard:
    """Keeps codes and those who were let in.

    Args:
        tell: Called with each new code, with the first one when it begins.
        clock: Monotonic seconds.
    """

    def __init__(self, tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._tell = tell
        self._clock = clock
        self._lock = threading.Lock()
        self._wait_s = 0.0
        self._again_at = 0.0
        self._let_in: set[str] = set()
        self._code = _any_code()

    def begin(self) -> None:
        """Tell the first code: somebody listens for it now."""
        self._tell(self._code)

    def try_code(self, code: str) -> str | None:
        """Try a code.

        Returns:
            What names the phone from now on; None for a wrong code.

        Raises:
            TooSoonError: The pause after a wrong one is not over; the code was not looked at.
        """
        with self._lock:
            left_s = self._again_at - self._clock()
            if left_s > 0:
                raise TooSoonError(left_s)
            # a space in the middle is how people read six digits
            given = "".join(code.split()).encode("utf-8", "replace")
            if not hmac.compare_digest(given, self._code.encode()):
                self._wait_s = min(_LONGEST_WAIT_S, 2 * self._wait_s or _FIRST_WAIT_S)
                self._again_at = self._clock() + self._wait_s
                return None
            self._wait_s = 0.0
            token = secrets.token_urlsafe(32)
            self._let_in.add(token)
            self._new_code()
            return token

    def knows(self, token: str | None) -> bool:
        """Return whether somebody was let in."""
        with self._lock:
            return token is not None and token in self._let_in

    def _new_code(self) -> None:
        self._code = _any_code()
        self._tell(self._code)


def _any_code() -> str:
    return f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"
