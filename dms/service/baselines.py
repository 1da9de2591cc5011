"""Keeps what was learned about each driver, so that a restart does not begin from nothing.

Takes and gives ``Baseline`` values, one small JSON file for each driver. A file that is missing, broken, or was learned
with other models means that the driver is learned anew.
"""

import hashlib
import logging
import os
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from dms.driver.baseline import Baseline

log = logging.getLogger(__name__)

USUAL_DRIVER = "usual"
"""Who drives while nobody has been named on ``cmd/driver``."""
_LONGEST_BLINK_S = 5.0
"""What is longer is no blink: far above the clamp of what is learned."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a file holds: the baseline, the models whose answers it was learned from, and a checksum of the baseline.

    Files of the first release have no checksum.
    """

    models: str
    baseline: Baseline
    checksum: str | None = None


_FORMAT = TypeAdapter(_Kept)


class BaselineStore:
    """Baselines on disk.

    Args:
        folder: The daemon's state folder.
        models: Names the models in use; what was learned with others does not hold.
    """

    def __init__(self, folder: Path, models: str) -> None:
        self._folder = folder / "baselines"
        self._models = models

    def load(self, driver_id: str) -> Baseline | None:
        """Return what is known about a driver; None for a new one."""
        path = self._path(driver_id)
        try:
            kept = _FORMAT.validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            log.warning("%s cannot be used, the driver is learned anew (%s)", path, type(error).__name__)
            return None
        if kept.checksum not in (None, _checksum(kept.baseline)) or not _is_sane(kept.baseline):
            log.warning("%s is damaged, the driver is learned anew", path)
            return None
        if kept.models != self._models:
            log.info("%s was learned with other models, the driver is learned anew", path)
            return None
        return kept.baseline

    def save(self, driver_id: str, baseline: Baseline) -> None:
        """Keep what was learned; a disk that refuses is logged, not fatal."""
        path = self._path(driver_id)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            # written beside and renamed: a power cut leaves the old file or the new one, never half of one
            partial = path.with_suffix(".partial")
            with partial.open("wb") as file:
                file.write(_FORMAT.dump_json(_Kept(self._models, baseline, _checksum(baseline))))
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError as error:
            log.warning("%s cannot be written: %s", path, error.strerror)

    def _path(self, driver_id: str) -> Path:
        return self._folder / f"{driver_id}.json"


def _checksum(baseline: Baseline) -> str:
    return hashlib.blake2b(repr(astuple(baseline)).encode(), digest_size=8).hexdigest()


def _is_sane(baseline: Baseline) -> bool:
    """Return whether the numbers can be a driver's: a level that is no number would silence every alert."""
    shares = (value for name, value in asdict(baseline).items() if name != "blink_s")
    return all(0.0 <= share <= 1.0 for share in shares) and 0.0 < baseline.blink_s < _LONGEST_BLINK_S
