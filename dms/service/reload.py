"""What a reload changes: which keys take effect at once, and which wait for a restart.

Takes two configurations, gives the one that holds from now on and the names of the keys. Changes nothing itself.
"""

from dataclasses import dataclass
from typing import Any

from dms.config import Config

_LIVE = ("perception", "driver", "actions", "records", "service")
"""Tables that take effect at once; of the others the camera, the broker and the vehicle's name are in use."""
_FIXED = frozenset({"service.state_dir"})


@dataclass(frozen=True, slots=True)
class Reload:
    """What a reload comes to.

    Attributes:
        config: What holds from now on.
        changed: Keys that take effect now, in order, as ``driver.closure.asleep_s``.
        waiting: Keys that were changed in the file and need a restart.
    """

    config: Config
    changed: tuple[str, ...]
    waiting: tuple[str, ...]


def plan_reload(old: Config, new: Config) -> Reload:
    """Compare what runs with what the file says now."""
    before, after = _flat(old.model_dump()), _flat(new.model_dump())
    differing = [key for key in after if after[key] != before[key]]
    live = [key for key in differing if key.partition(".")[0] in _LIVE and key not in _FIXED]
    tables: dict[str, Any] = {table: getattr(new, table) for table in _LIVE}
    tables["service"] = new.service.model_copy(update={"state_dir": old.service.state_dir})
    return Reload(old.model_copy(update=tables), tuple(live), tuple(key for key in differing if key not in live))


def _flat(tables: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return every value by its dotted key."""
    values: dict[str, Any] = {}
    for name, value in tables.items():
        if isinstance(value, dict):
            values |= _flat(value, f"{prefix}{name}.")
        else:
            values[prefix + name] = value
    return values
