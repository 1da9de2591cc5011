"""Finds the drives that somebody means by a list of files and folders.

Takes paths, gives a ``Drive`` for each recording with the place of its results. A folder of videos or traces is many
drives, a folder of pictures or of a trace's parts is one. Opens no picture.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from dms.errors import UserError
from dms.frames.names import IMAGE_SUFFIXES, VIDEO_SUFFIXES, natural
from dms.records.trace import is_trace
from dms.replay.files import UNFINISHED

TRACE = "trace.jsonl"
"""What the trace of a replay is called."""
_BESIDE = re.compile(
    r"\.(cfg|csv|db|eaf|gpx|html?|ini|jsonl?|log|md|nmea|ods|parquet|pdf|srt|sub|thm|toml|tsv|txt|vtt|xlsx?|xml|ya?ml)"
)
"""Suffixes of what usually lies beside recordings: nobody misses them among the drives."""


@dataclass(frozen=True, slots=True)
class Drive:
    """A recorded drive.

    Attributes:
        path: A video, a trace, or a folder of pictures or of a trace's parts.
        name: What it is called: its path below the folder that was given.
        place: Where its results go below the folder of all results; ``.`` for that folder itself.
        parts: The videos that make it up, where it is a folder of them.
    """

    path: Path
    name: str
    place: PurePath
    parts: tuple[Path, ...] = ()

    def size(self) -> int:
        """Return the bytes on disk; 0 for a file that is not there."""
        return sum(file.stat().st_size for file in self.files() if file.is_file())

    def files(self) -> list[Path]:
        """Return the file, its parts, or what is in the folder."""
        if self.parts:
            return list(self.parts)
        return sorted(self.path.iterdir()) if self.path.is_dir() else [self.path]


@dataclass(frozen=True, slots=True)
class Found:
    """The drives and what was left out.

    Attributes:
        drives: In the order of their paths.
        notes: What was found and is no drive, a line each.
    """

    drives: tuple[Drive, ...]
    notes: tuple[str, ...]

    @property
    def alone(self) -> bool:
        """Whether it is a single drive, whose results need no place of their own."""
        return self.drives[0].place == PurePath()


def find_drives(given: Sequence[Path], out: Path, *, join: bool = False) -> Found:
    """Find the drives.

    Args:
        given: Files and folders. One that is missing is a drive all the same, and fails when it is opened.
        out: Where results go: what lies there is no drive, unless it is one of the folders given.
        join: Whether each folder of videos is one drive in parts.

    Raises:
        UserError: A folder holds no drive, or something else than the parts of one; or the results of two would go
            into the same place.
    """
    notes: list[str] = []
    drives: list[Drive] = []
    for path in given:
        # results of a single file or folder need no name to tell them apart
        above = PurePath() if len(given) == 1 else PurePath(_stem(path))
        if join:
            drives.append(_joined(path, out, notes, above))
        elif path.is_dir():
            drives += [replace(one, place=above / one.place) for one in _within(path, out, notes)]
        else:
            drives.append(Drive(path, path.name, above))
    return Found(_apart(drives), tuple(notes))


def _stem(path: Path) -> str:
    if path.name == TRACE:
        return path.parent.resolve().name
    return path.resolve().name if path.stem in ("", "..") else path.stem


def _joined(folder: Path, out: Path, notes: list[str], place: PurePath) -> Drive:
    if not folder.is_dir():
        raise UserError(f"{folder}: --join makes one drive of all videos in a folder: give the folder")
    inside = _within(folder, out, notes)
    if others := [drive.name for drive in inside if drive.path.suffix.lower() not in VIDEO_SUFFIXES]:
        raise UserError(f"{folder}: --join makes one drive of videos, and {others[0]} is none")
    return Drive(folder, folder.resolve().name, place, tuple(drive.path for drive in inside))


def _within(folder: Path, out: Path, notes: list[str]) -> list[Drive]:
    """Return the drives in a folder and in those below it."""
    own = out.resolve()
    drives: list[Drive] = []
    pictures: list[Path] = []
    strange: Counter[str] = Counter()
    for here, files in _walk(folder, None if own == folder.resolve() else own):
        place = here.relative_to(folder)
        inside = [_named(file, folder) for file in _recordings(here, files)]
        if is_trace(here):
            inside.append(Drive(here, _name(here, folder), place))
        elif not any(drive.path.name == TRACE for drive in inside):
            # pictures among the results of a replay are drawn ones
            pictures += [here] if any(file.suffix.lower() in IMAGE_SUFFIXES for file in files) else []
        drives += inside
        strange.update(file.suffix.lower() for file in files if not _usual(file))
    for here in pictures:
        if any(drive.path.is_relative_to(here) for drive in drives):
            notes.append(f"{here}: the pictures in it are left out: there are recordings beside or below them")
        else:
            drives.append(Drive(here, _name(here, folder), here.relative_to(folder)))
    if strange:
        kinds = ", ".join(f"{count} {suffix or 'without suffix'}" for suffix, count in sorted(strange.items()))
        notes.append(f"{folder}: files that are no recordings by their names are left out ({kinds})")
    if not drives:
        raise UserError(f"{folder}: no recordings in it: neither videos nor pictures nor traces")
    return sorted(drives, key=lambda drive: natural(drive.name))


def _usual(file: Path) -> bool:
    suffix = file.suffix.lower()
    return suffix in VIDEO_SUFFIXES | IMAGE_SUFFIXES or bool(_BESIDE.fullmatch(suffix)) or file.name == UNFINISHED


def _walk(folder: Path, skipped: Path | None) -> Iterator[tuple[Path, list[Path]]]:
    for root, names, files in os.walk(folder):
        here = Path(root)
        names[:] = [n for n in sorted(names) if not n.startswith(".") and (here / n).resolve() != skipped]
        yield here, [here / name for name in sorted(files) if not name.startswith(".")]


def _recordings(here: Path, files: Iterable[Path]) -> Iterator[Path]:
    overlay = overlay_in(here)
    parts = is_trace(here)
    for file in files:
        video = file.suffix.lower() in VIDEO_SUFFIXES and file.name != overlay
        if video or (file.suffix == ".jsonl" and not parts and _begins_a_trace(file)):
            yield file


def overlay_in(here: Path) -> str | None:
    """Return the name of the video in a folder of results that replay itself drew."""
    try:
        made_by = json.loads((here / "summary.json").read_text(encoding="utf-8"))["made_by"]
        return str(made_by["overlay"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _begins_a_trace(file: Path) -> bool:
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            return '"trace_version"' in lines.readline(1000)
    except OSError:
        return False


def _named(file: Path, folder: Path) -> Drive:
    below = file.relative_to(folder)
    return Drive(file, _name(file, folder), below.parent if file.name == TRACE else below.with_suffix(""))


def _name(path: Path, folder: Path) -> str:
    below = path.relative_to(folder)
    return below.as_posix() if below.name else path.resolve().name


def _apart(drives: Sequence[Drive]) -> tuple[Drive, ...]:
    """Return the drives with a place each; where a video and a trace share one, the trace is the video's own result."""
    recordings = {drive.place for drive in drives if not is_trace(drive.path)}
    drives = [drive for drive in drives if not (is_trace(drive.path) and drive.place in recordings)]
    shared = {place for place, count in Counter(drive.place for drive in drives).items() if count > 1}
    # front.mp4 and front.mov in one folder
    apart = [
        replace(drive, place=drive.place.with_name(drive.path.name)) if drive.place in shared else drive
        for drive in drives
    ]
    places = Counter(drive.place for drive in apart)
    for drive in apart:
        if places[drive.place] > 1:
            raise UserError(f"two drives have the same name ({drive.place}): replay them into different folders")
    return tuple(apart)
