"""Tells systemd how the daemon is: the sd_notify protocol (man sd_notify), without a library.

Takes one-line messages, sends each as a datagram. Does nothing where systemd did not start the program, and goes on
where nobody listens: a car is watched with or without systemd.
"""

import logging
import os
import socket
import time

log = logging.getLogger(__name__)


class SystemdNotifier:
    """Sends readiness and watchdog pings to the socket named by ``NOTIFY_SOCKET``."""

    def __init__(self) -> None:
        address = os.environ.get("NOTIFY_SOCKET", "")
        # a leading @ names an abstract socket
        self._address = "\0" + address[1:] if address.startswith("@") else address
        watched = os.environ.get("WATCHDOG_PID") in (None, str(os.getpid()))
        limit_us = int(os.environ.get("WATCHDOG_USEC", "0")) if watched else 0
        self.watchdog_s: float | None = limit_us / 2e6 if limit_us else None
        """Seconds between pings: half of systemd's limit, None when it does not watch."""

    def ready(self, status: str) -> None:
        """The daemon has loaded everything and begins its work."""
        self._send(f"READY=1\nSTATUS={status}")

    def reloading(self) -> None:
        """The daemon has begun to reload; ``ready`` says that it is done."""
        # Type=notify-reload wants the time, Type=notify ignores it
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def alive(self) -> None:
        """The road has made progress since the last ping."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The daemon has begun to stop."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.sendto(message.encode(), self._address)
        except OSError as error:
            log.debug("systemd does not hear %r: %s", message, error)
