"""The models that the daemon runs: loaded, verified, seen through, replaced, reported on.

Takes the ``[perception]`` table and frames, gives observations. A file that is not the one its card describes is
refused, and the last good models go on: in a running daemon those in memory, at a start those that came with the
package, which an update of ``perception.models_dir`` never touches. Never decodes a model's output.
"""

import logging

import numpy as np
import numpy.typing as npt

from dms.alerts.health import ModelsHealth
from dms.config import PerceptionSettings
from dms.errors import UserError
from dms.frames import Frame
from dms.observation import Observation, View
from dms.perception.perception import Perception
from dms.service.load import Load

log = logging.getLogger(__name__)


def load_models(settings: PerceptionSettings) -> Perception:
    """Load and verify every model, and run each once.

    Raises:
        UserError: A model is missing, is not the one its card describes, or cannot be run.
    """
    perception = Perception(settings)
    perception.warm_up()
    return perception


class Models:
    """Sees frames, whatever happens to the files.

    The shipped models stand in as a whole set when one of a folder is refused: limits and baselines belong to a set,
    and a driver who is watched with the models of the last release is better off than one who is not watched.

    Args:
        settings: Where the models are, and how pictures are read.

    Raises:
        UserError: A shipped model is refused.
    """

    def __init__(self, settings: PerceptionSettings) -> None:
        self._settings = settings
        self._refused: str | None = None
        self._failure: str | None = None
        self._load = Load.ALL
        self._frames = 0
        self._stage_ms: dict[str, float] = {}
        try:
            self._perception = load_models(settings)
        except UserError as error:
            if settings.models_dir is None:
                raise
            self._refused = f"{error}; the shipped models stand in"
            log.error("%s", self._refused)
            self._perception = load_models(settings.model_copy(update={"models_dir": None}))

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of each loaded model, by its name."""
        return {name: file.card["sha256"] for name, file in self._perception.models.items()}

    @property
    def learned_from(self) -> str:
        """Names the models whose answers a driver's baseline is learned from."""
        hashes = self.hashes
        return f"{hashes['eyes']}-{hashes['emotion']}"

    @property
    def landmarks(self) -> npt.NDArray[np.float32] | None:
        """(68, 2) points of the face in the frame that was seen last, pixels; None without one."""
        return self._perception.landmarks

    def replace(self, settings: PerceptionSettings, perception: Perception) -> bool:
        """Go on with models that were loaded beside; returns whether they are others, or are run otherwise."""
        self._refused = None
        hashes = {name: file.card["sha256"] for name, file in perception.models.items()}
        if hashes == self.hashes and settings == self._settings:
            return False
        self._settings, self._perception = settings, perception
        self.relieve(self._load)
        return True

    def relieve(self, load: Load) -> None:
        """Leave out what the load says, from now on."""
        self._load = load
        self._perception.relieve(emotion=load >= Load.LESS_EMOTION, mouth=load >= Load.LESS_MOUTH)

    def wants_frame(self) -> bool:
        """Return whether the next frame is looked at: every one, or every other one under ``Load.LESS_FRAMES``."""
        self._frames += 1
        return self._load < Load.LESS_FRAMES or self._frames % 2 == 0

    def observe(self, frame: Frame) -> Observation:
        """See a frame; one that perception cannot cope with says so, and health says why."""
        try:
            observation = self._perception.observe(frame)
        except Exception as error:
            # whatever a model or a picture does, the next frame may be fine, and the driver must hear of it if not
            problem = f"{type(error).__name__}: {error}"
            if problem != self._failure:
                log.exception("a frame of shape %s could not be seen", frame.image.shape)
            self._failure = problem
            return Observation(frame.t, View.FAILED)
        self._failure = None
        return observation

    def report(self) -> ModelsHealth:
        """Return how they are doing, with the times since the last call."""
        self._stage_ms = {name: round(taken.mean_ms, 3) for name, taken in self._perception.take_times().items()}
        return self.look()

    def look(self) -> ModelsHealth:
        """Return how they are doing, with the times of the last report."""
        return ModelsHealth(
            status="ok" if self._failure is None else "failed",
            hashes={name: digest[:12] for name, digest in self.hashes.items()},
            stage_ms=dict(self._stage_ms),
            error=self._failure or self._refused,
            load=self._load.name.lower(),
        )
