"""Reads the clips and writes what came of them as ``dms score`` reads it: the same for every other system."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2

LEVELS = {"fatigue": "microsleep", "anger": "angry"}


def pictures(clip: Path) -> Iterator[tuple[float, Any]]:
    """Seconds since the start, and the picture in BGR."""
    reader = cv2.VideoCapture(str(clip), cv2.CAP_FFMPEG)
    # OpenCV 4.11 does not turn what a phone has recorded upright unless it is told to
    reader.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    start = None
    while True:
        read, image = reader.read()
        if not read:
            return
        t = reader.get(cv2.CAP_PROP_POS_MSEC) / 1000
        start = t if start is None else start
        yield t - start, image


def run(make: Callable[[], Callable[[float, Any], list[str]]]) -> None:
    """Watch the clips of the command line: OUT CLIP...

    Args:
        make: Makes a system that has seen nothing; it gives the kinds of alarm that a picture at a time raises.
    """
    out, *clips = map(Path, sys.argv[1:])
    for clip in clips:
        system, alarms, frames, t = make(), [], 0, 0.0
        for t, image in pictures(clip):
            frames += 1
            alarms += [(t, kind) for kind in system(t, image)]
        folder = out / clip.stem
        folder.mkdir(parents=True)
        lines = [
            {"t": t, "event_id": str(number), "kind": kind, "phase": "start", "level": LEVELS[kind], "evidence": {}}
            for number, (t, kind) in enumerate(alarms)
        ]
        (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        (folder / "summary.json").write_text(json.dumps({"drive": clip.name, "duration_s": t, "frames": frames}))
