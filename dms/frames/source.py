"""Sources of frames: what each of them can do, and the door to recorded ones."""

import json
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Protocol

from dms.config import CameraSettings
from dms.errors import UserError
from dms.frames.decoded import Decoder
from dms.frames.frame import Frame
from dms.frames.images import ImageDecoder
from dms.frames.joined import JoinedRecording
from dms.frames.opencv_video import PlainVideoDecoder, refused
from dms.frames.parts import in_order
from dms.frames.recording import Recording


class Source(Protocol):
    """Something that gives frames in order of time."""

    @property
    def name(self) -> str:
        """What a person calls it: the file's name or the camera."""
        ...

    @property
    def live(self) -> bool:
        """True when frames come at their own pace and are gone when not taken."""
        ...

    @property
    def duration_s(self) -> float | None:
        """Length in seconds, None when there is no end or it is unknown."""
        ...

    def frames(self) -> Generator[Frame, None, None]:
        """Give the frames, once.

        Raises:
            UserError: A recording holds no frame that can be decoded.
            CameraError: A camera cannot be opened, or stopped giving frames that can be used.
        """
        ...


def open_recording(
    path: Path, settings: CameraSettings, *, fps: float | None = None, track: int | None = None, threads: int = 0
) -> Recording:
    """Open a recorded drive or a folder of images.

    Args:
        path: A video file, or a folder of images.
        settings: The ``[camera]`` table: rate where the recording states none, turn, mirror and stall limit.
        fps: Pictures per second, instead of the times that the recording states.
        track: Which picture track of a video, counted from 1; the largest without.
        threads: Threads that decode a video; 0 chooses by its size.

    Raises:
        UserError: There is no such file or folder, or it cannot be used.
    """
    if path.is_dir():
        return Recording(ImageDecoder(path, fps or settings.fps), settings)
    if not path.is_file():
        problem = "neither a video file nor a folder of images" if path.exists() else "no such file"
        raise UserError(f"{path}: {problem}")
    if path.stat().st_size == 0:
        raise UserError(f"{path}: the file is empty")
    return Recording(_open_video(path, track, threads), settings, fps, turned=not _is_clip(path))


def open_parts(
    name: str,
    files: Sequence[Path],
    settings: CameraSettings,
    *,
    fps: float | None = None,
    track: int | None = None,
    threads: int = 0,
) -> JoinedRecording:
    """Open several videos as one drive, in the order of the times in their names or files, else of their names.

    Args:
        name: What the drive is called.
        files: The videos.
        settings: As for ``open_recording``, and so are the others.
        fps: Pictures per second of each.
        track: Which picture track of each.
        threads: Threads that decode.

    Raises:
        UserError: They are of two cameras, or not one of them can be read.
    """
    return JoinedRecording(
        name,
        in_order(files),
        lambda part: open_recording(part.path, settings, fps=fps, track=track, threads=threads),
    )


def _open_video(path: Path, track: int | None, threads: int) -> Decoder:
    from dms.frames import container  # noqa: PLC0415  # PyAV brings FFmpeg, 17 MB that a camera never needs

    if container.AVAILABLE:
        return container.ContainerDecoder(path, track, threads)
    if track is not None:
        raise refused(path, "a track was chosen")
    return PlainVideoDecoder(path)


def _is_clip(path: Path) -> bool:
    """Return whether DMS itself wrote this video, upright as it was judged: the file beside a clip says so."""
    try:
        beside = path.with_suffix(".json")
        about = json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else None
    except (OSError, ValueError):
        return False
    # clips of before 0.2 do not say that they are upright, but are known by what they do say
    return isinstance(about, dict) and (about.get("upright") is True or {"alert", "t"} <= about.keys())
