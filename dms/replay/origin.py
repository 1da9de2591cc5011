"""Says what made a result: program, models, limits and source, as plain data beside it.

Takes a drive and a configuration, gives what ``summary.json`` and the first line of a trace call ``made_by``. Two
results with the same origin are the same.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dms
from dms.config import Config
from dms.models import MODEL_NAMES, find_model
from dms.records.trace import TraceHeader
from dms.replay.drives import Drive

_CAMERA = {"fps", "rotate", "mirror", "stall_s"}
"""What of the ``[camera]`` table a recording is read by."""
_SEEN_BY = ("models", "perception", "camera", "fps", "track")
"""What a trace keeps of the pictures it was made from."""

Origin = Mapping[str, Any]
"""Plain data, as ``json.loads`` returns it."""


def program() -> dict[str, str]:
    """Return the version, and a digest of the code, which between two versions is what tells two programs apart."""
    package = Path(dms.__file__).parent
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        digest.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes())
    return {"version": dms.__version__, "code": digest.hexdigest()[:16]}


def models(config: Config) -> dict[str, str]:
    """Return the SHA-256 of each model, from its card; the file is compared with it when it is loaded.

    Raises:
        UserError: One is missing.
    """
    folder = config.perception.models_dir
    return {name: str(find_model(name, folder).card["sha256"]) for name in MODEL_NAMES}


def origin(drive: Drive, config: Config, made_by: Mapping[str, str], seen_by: Mapping[str, Any]) -> dict[str, Any]:
    """Return what makes the results of a drive.

    Args:
        drive: The drive.
        config: Limits.
        made_by: The program.
        seen_by: What saw the pictures, from ``seen_by`` or, for a trace, from ``seen_in``.
    """
    return {
        **made_by,
        **seen_by,
        "driver": config.driver.model_dump(mode="json"),
        "vehicle": config.vehicle.id,
        "source": _source(drive),
    }


def seen_by(config: Config, fps: float | None, track: int | None) -> dict[str, Any]:
    """Return what sees the pictures of a recording.

    Raises:
        UserError: A model is missing.
    """
    return {
        "models": models(config),
        "perception": config.perception.model_dump(mode="json", exclude={"models_dir", "threads"}),
        "camera": config.camera.model_dump(mode="json", include=_CAMERA),
        "fps": fps,
        "track": track,
    }


def seen_in(header: TraceHeader) -> dict[str, Any]:
    """Return what saw the pictures behind a trace; None where it does not say."""
    told = header.made_by or {}
    return {name: told.get(name) for name in _SEEN_BY}


def same(first: Origin, second: Origin) -> bool:
    """Return whether two results have the same origin, wherever the source lies now."""
    return _without_path(first) == _without_path(second)


def _without_path(one: Origin) -> dict[str, Any]:
    source = one.get("source")
    plain = {name: value for name, value in one.items() if name not in {"source", "overlay"}}
    return {**plain, "source": {**source, "path": None} if isinstance(source, dict) else source}


def _source(drive: Drive) -> dict[str, Any]:
    """Return the recording: a file of the same name, size and time of change is taken for the same, as rsync does."""
    stats = [file.stat() for file in drive.files() if file.is_file()]
    changed = max((stat.st_mtime for stat in stats), default=0.0)
    return {
        "name": drive.name,
        "path": str(drive.path.resolve()),
        "bytes": sum(stat.st_size for stat in stats),
        "modified": datetime.fromtimestamp(changed, UTC).isoformat(),
    }
