"""How delivery is doing, noted by the thread that delivers and asked by any other."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from dms.alerts.version import Version

_LATENCIES = 256


@dataclass(frozen=True, slots=True)
class PublisherStatus:
    """How delivery is doing.

    Attributes:
        connected: Whether the broker has accepted this client and the connection stands.
        refused: Whether the broker refuses this client or one of its topics, rather than being out of reach.
        error: What it refuses, or why it is not connected; None when all is well.
        connects: Connections that the broker accepted, since the start.
        outbox: Alert messages that wait for an acknowledgement.
        outbox_error: Why alerts are kept in memory instead of on disk.
        dropped: Alert messages dropped from a full outbox, ever.
        damaged: Alert messages lost or put aside because their copy on disk was damaged, ever.
        damage: What was damaged, as found by this process.
        inputs_rejected: Input messages refused since the start.
        latency_s: Median seconds from capture to PUBACK of the latest messages; None before the first.
        latency_p99_s: 99th percentile of the same.
        protocol: The version of MQTT that the broker has accepted; None before.
    """

    connected: bool
    refused: bool
    error: str | None
    connects: int
    outbox: int
    outbox_error: str | None
    dropped: int
    damaged: int
    damage: str | None
    inputs_rejected: int
    latency_s: float | None
    latency_p99_s: float | None
    protocol: Version | None


class Progress:
    """What has become of the connections so far.

    Args:
        on_delivered: Called with each alert's payload that the broker has acknowledged.

    Attributes:
        connected: The broker has accepted this client and the connection stands.
        refused: The broker refuses this client.
        error: Why there is no connection; None while there is one.
        connects: Connections that the broker accepted.
        protocol: The version of MQTT that the broker has accepted; None before.
    """

    def __init__(self, on_delivered: Callable[[str], None] | None = None) -> None:
        self._on_delivered = on_delivered
        self.connected = False
        self.refused = False
        self.error: str | None = None
        self.connects = 0
        self.protocol: Version | None = None
        self._lock = threading.Lock()
        self._latencies: deque[float] = deque(maxlen=_LATENCIES)

    def accept(self, protocol: Version) -> None:
        """The broker has accepted a connection."""
        self.connects += 1
        self.error, self.refused, self.protocol = None, False, protocol

    def delivered(self, payload: str) -> None:
        """The broker has acknowledged an alert."""
        if self._on_delivered is not None:
            self._on_delivered(payload)

    def add_latency(self, seconds: float) -> None:
        """A message took so long from capture to acknowledgement."""
        with self._lock:
            self._latencies.append(seconds)

    def latencies(self) -> tuple[float | None, float | None]:
        """Return the median and 99th percentile, seconds; None before the first."""
        with self._lock:
            ordered = sorted(self._latencies)
        return (ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]) if ordered else (None, None)
