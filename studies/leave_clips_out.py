#!/usr/bin/env python3
"""Say what the eye net's second output makes of clips that it did not learn from, and what the driver room makes of it.

usage: leave_clips_out.py LIDS DRIVES TRACES OUT CARD.json [CLIP...]

LIDS is the folder that `lowered_lids.py` cuts, DRIVES the clips, TRACES what `dms replay` left of them by the shipped
nets. For each clip (of LIDS, or those named) a head is trained without its person, as `dms train eyes LIDS --from`
does, and its answers (float, before INT8) replace those of the trace. OUT gets the traces, for
`dms replay OUT/*/trace.jsonl` and `dms score`. CARD gets a table with each time that the lids are down. Needs the extra
`train`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from lowered_lids import judged, labelled

from dms.config.driver import ClosureSettings
from dms.training.card import Table, set_table

PATCHES = "patches.npz"


def cut(drive: Path, out: Path) -> None:
    """Write the patches of both eyes of every frame whose lids are down; in a process without PyTorch."""
    from dms.config import CameraSettings  # noqa: PLC0415
    from dms.frames.source import open_recording  # noqa: PLC0415
    from dms.perception import Perception  # noqa: PLC0415
    from dms.perception.eyes import LIDS_DOWN, Side, eye_patch  # noqa: PLC0415
    from dms.perception.view import as_grey  # noqa: PLC0415

    perception, times, patches = Perception(), [], []
    for frame in open_recording(drive, CameraSettings()).frames():
        seen, points = perception.observe(frame), perception.landmarks
        both = {Side.LEFT: seen.left_eye, Side.RIGHT: seen.right_eye}
        closed = [value for value in both.values() if value is not None]
        if points is None or not closed or min(closed) < LIDS_DOWN:
            continue
        for side, value in both.items():
            patch = eye_patch(as_grey(frame.image), points, side) if value is not None else None
            if patch is not None:
                times.append(seen.t)
                patches.append(patch)
    np.savez(out, t=np.array(times), patches=np.array(patches, np.uint8).reshape(-1, 32, 32))


def table(drives: list[Path], out: Path) -> Table:
    """Each time that the lids of a clip are down, and what a head says of it that never saw the clip's person."""
    limit, lids, rows = ClosureSettings().lowered_limit, judged(), []
    for drive in drives:
        lines = (out / drive.stem / "trace.jsonl").read_text().splitlines()[1:]
        seen = [(row["t"], row["looking_down"]) for row in map(json.loads, lines)]
        for start_s, end_s, state in labelled(drive, lids):
            said = [share for t, share in seen if start_s <= t <= end_s and share is not None]
            if said:
                likely = f"{np.mean(np.array(said) >= limit):.0%}"
                times = f"{start_s:.2f} to {end_s:.2f} s"
                rows.append([drive.stem, times, state, str(len(said)), f"{np.mean(said):.2f}", likely])
    return Table(
        "Clips left out",
        "For each clip a head of its own, taught without the clip's person; float, before INT8. Frames count where the "
        f"lids are down to the first output. Likely is an answer of {limit:g} and more, and no alert rests on it alone "
        "(docs/driver.md).",
        "python studies/leave_clips_out.py runs/lids ../shared/data/drives runs/traces runs/left_out models/eyes.json",
        ["clip", "when", "lids", "frames", "mean answer", "likely"],
        sorted(rows, key=lambda row: (row[2], row[0], row[1])),
    )


def main(lids: Path, drives: Path, traces: Path, out: Path, names: list[str]) -> list[Path]:
    os.environ["KERAS_BACKEND"] = "torch"
    import keras  # noqa: PLC0415

    from dms.datasets.pictures import person_of  # noqa: PLC0415
    from dms.models import find_model  # noqa: PLC0415
    from dms.training.architectures import eyes  # noqa: PLC0415
    from dms.training.export import calibration  # noqa: PLC0415
    from dms.training.fit import Options, fix_seed, predict  # noqa: PLC0415
    from dms.training.recipes import lowered  # noqa: PLC0415
    from dms.training.shipped import take_up  # noqa: PLC0415

    videos = {file.stem: file for file in drives.iterdir() if file.suffix != ".csv"}
    people = {person_of(file) for state in ("closed", "down") for file in (lids / state).iterdir()}
    persons = {name: "student" if name.startswith("student") else name.replace("_", ".") for name in videos}
    chosen = names or sorted(name for name, person in persons.items() if person in people)
    model = eyes()
    everybody = np.concatenate([lowered.Lids(lids / state).images for state in ("open", "closed", "down")])
    take_up(model, find_model("eyes").path, lowered.prepare(calibration(everybody)))
    trunk = keras.Model(model.inputs, [lowered.feature_map(model)])
    heads: dict[str, object] = {}
    for name in chosen:
        (out / name).mkdir(parents=True, exist_ok=True)
        # one head does for all clips that taught nothing
        person = persons[name] if persons[name] in people else ""
        kept = out / name / PATCHES
        if not kept.is_file():
            subprocess.run([sys.executable, __file__, "--cut", str(videos[name]), str(kept)], check=True)
        if person not in heads:
            fix_seed(1)
            closed, down = (lowered.Lids(lids / state, [person]) for state in ("closed", "down"))
            heads[person] = lowered.teach(trunk, closed, down, out / "heads" / (person or "everybody"), Options())
        with np.load(kept) as found:
            times, patches = found["t"], found["patches"]
        answers: dict[float, list[float]] = {}
        if len(times):
            logits = predict(heads[person], predict(trunk, lowered.prepare(patches))[0])[0][:, 0]
            for t, logit in zip(times, logits, strict=True):
                answers.setdefault(round(float(t), 3), []).append(1 / (1 + float(np.exp(-logit))))
        lines = (traces / name / "trace.jsonl").read_text().splitlines()
        rows = [json.loads(line) for line in lines[1:]]
        for row in rows:
            said = answers.get(round(row["t"], 3))
            row["looking_down"] = None if said is None else round(float(np.mean(said)), 4)
        written = [lines[0], *(json.dumps(row, separators=(",", ":")) for row in rows)]
        (out / name / "trace.jsonl").write_text("\n".join(written) + "\n")
        print(name, len(answers), "frames with lids down", flush=True)
    return [videos[name] for name in chosen]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--cut"]:
        cut(Path(sys.argv[2]), Path(sys.argv[3]))
    elif len(sys.argv) < 6:
        sys.exit(__doc__)
    else:
        lids, drives, traces, out = map(Path, sys.argv[1:5])
        set_table(Path(sys.argv[5]), table(main(lids, drives, traces, out, sys.argv[6:]), out))
