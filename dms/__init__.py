"""DMS: a driver-monitoring service that watches a driver's face and publishes fatigue, anger and distraction alerts.

The road, walked once by every frame: ``frames -> perception -> driver -> alerts``; see docs/architecture.md. The names
below are for programs of your own; docs/library.md shows how to use them.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dms.config import Config, load_config
    from dms.driver import Alert, DriverMonitor, DriverSettings, DriverState, Judgement
    from dms.frames import open_source
    from dms.observation import Observation
    from dms.perception import Perception
    from dms.release import __version__
    from dms.replay.labelled import score_drives
    from dms.replay.replay import replay_drives
    from dms.sink import Sink, Step
else:
    from dms.lazy import lazy

    __getattr__ = lazy(
        __name__,
        {
            "Alert": "dms.driver",
            "Config": "dms.config",
            "DriverMonitor": "dms.driver",
            "DriverSettings": "dms.driver",
            "DriverState": "dms.driver",
            "Judgement": "dms.driver",
            "Observation": "dms.observation",
            "Perception": "dms.perception",
            "Sink": "dms.sink",
            "Step": "dms.sink",
            "__version__": "dms.release",
            "load_config": "dms.config",
            "open_source": "dms.frames",
            "replay_drives": "dms.replay.replay",
            "score_drives": "dms.replay.labelled",
        },
    )

__all__ = [
    "Alert",
    "Config",
    "DriverMonitor",
    "DriverSettings",
    "DriverState",
    "Judgement",
    "Observation",
    "Perception",
    "Sink",
    "Step",
    "__version__",
    "load_config",
    "open_source",
    "replay_drives",
    "score_drives",
]
