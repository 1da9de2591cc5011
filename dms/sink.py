"""What hears of a drive: the base of everything that receives what was seen and judged.

MQTT, actions, records, the files of a replay and a webhook of your own are sinks. ``dms.road`` calls them;
docs/sinks.md shows how to write one.
"""

from collections.abc import Callable
from dataclasses import dataclass

from dms.alerts.health import HealthMessage
from dms.alerts.messages import AlertMessage
from dms.driver.baseline import Baseline
from dms.driver.inputs import DriverInput
from dms.driver.state import Alert, DriverState
from dms.frames import Frame
from dms.frozen import quick_init
from dms.observation import Observation


@dataclass(frozen=True, slots=True)
class DriveInfo:
    """What a sink receives at the start.

    Attributes:
        drive: What is watched: the name of the file or the camera.
        session: Names this run; ids of alerts derive from it.
        vehicle_id: Second part of every topic.
        baseline: Returns what is known about the driver at the moment of the call.
    """

    drive: str
    session: str
    vehicle_id: str
    baseline: Callable[[], Baseline]


@quick_init
@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What one moment came to.

    Attributes:
        event: What was judged: an observation or an input; None when the session ended, which ends open alerts, and
            for an alert that somebody tries (``AlertMessage.test``), which changes no state.
        frame: The picture behind an observation, None without one. Its pixels may not be changed.
        state: The driver now; None after an input that changed nothing, and at the end of the session.
        alerts: What was raised, raised further or ended by this moment, in order; mostly empty.
        messages: The same as messages of the wire, one for each alert.
    """

    event: Observation | DriverInput | None
    frame: Frame | None
    state: DriverState | None
    alerts: tuple[Alert, ...]
    messages: tuple[AlertMessage, ...]

    @property
    def observation(self) -> Observation | None:
        """What was seen; None when an input or the end of the session was judged."""
        return self.event if isinstance(self.event, Observation) else None


class Sink:
    """Hears of a drive. Does nothing by itself: override what you need.

    All methods are called from one thread, but ``stop``, which has a thread of its own. The road waits for ``start``,
    ``step`` and ``health``: what takes long belongs into a thread of the sink's. What they raise is logged and never
    stops the road or another sink.
    """

    def start(self, info: DriveInfo) -> None:
        """A session begins; called once more when a reload begins another."""

    def step(self, step: Step) -> None:
        """One moment was judged."""

    def health(self, report: HealthMessage) -> None:
        """The daemon reports on itself and its parts; a replay never does."""

    def stop(self, timeout_s: float) -> None:
        """The drive is over: write or send what waits, for so many seconds at most, and let go of everything."""
