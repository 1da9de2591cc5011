"""Drives that were never driven, replayed for the tests of reports."""

import base64
import json
import random
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dms.config import Config
from dms.observation import Emotions, HeadPose, Observation, View
from dms.records.trace import TraceHeader, TraceWriter
from dms.replay.replay import replay_drives

CALM = Emotions(0.9, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def make_drive(
    folder: Path,
    length_s: float,
    closed_s: Sequence[tuple[float, float]] = (),
    lost_s: tuple[float, float] = (0, 0),
    noise: float = 0.0,
    events: bool = True,
) -> Path:
    """Write the trace of a drive at 10 fps into a folder and replay it there.

    Args:
        folder: Where it goes; its name is the drive's.
        length_s: How long it is.
        closed_s: When the eyes are closed, from and to.
        lost_s: When there is no picture.
        noise: By how much open eyes differ from frame to frame.
        events: Whether it is replayed; without, nothing was raised.
    """
    folder.mkdir(parents=True)
    chance = random.Random(1)
    with TraceWriter(folder / "trace.jsonl", TraceHeader(f"{folder.name}.mp4", "session")) as trace:
        for index in range(int(length_s * 10) + 1):
            t = index / 10
            if lost_s[0] <= t < lost_s[1]:
                trace.write(Observation(t, View.LOST))
                continue
            eye = 0.97 if any(start <= t < end for start, end in closed_s) else 0.02 + noise * chance.random()
            pose = HeadPose(5 * (t % 4), -3, 1)
            trace.write(
                Observation(t, View.CLEAR, True, 0.9, None, pose, eye, eye, 0.05, CALM if index % 3 == 0 else None)
            )
    if events:
        replay_drives([folder / "trace.jsonl"], Config(), folder)
    else:
        (folder / "events.jsonl").touch()
    return folder


def write_labels(path: Path, *rows: tuple[float, float, str]) -> Path:
    """Write labels, one for each row."""
    lines = [f"{start},{end},{event}" for start, end, event in rows]
    path.write_text("\n".join(["start_s,end_s,event", *lines, ""]), encoding="utf-8")
    return path


def data_of(page: Path) -> Any:
    """The data in a page, as its script reads them."""
    text = page.read_text(encoding="utf-8")
    data = json.loads(text.partition('id="data">')[2].partition("</script>")[0])
    for drive in data["drives"]:
        drive.update(json.loads(zlib.decompress(base64.b64decode(drive["about"]))))
    return data
