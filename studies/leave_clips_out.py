#!/usr/bin/env python3
"""Replay recorded drives; those that taught lowered lids with a net that never saw them.

usage: leave_clips_out.py RUN DRIVES OUT

RUN is what `dms train lids LIDS --from models/eyes.tflite --leave-out CLIP ... --out RUN` left, with a net in
``without/PERSON`` for each. DRIVES are the clips: those that show such a person (as `lowered_lids.py` names them) are
replayed with that net, the others as `dms replay` does. OUT is for `dms score`.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from lowered_lids import person_of_clip

from dms.models import MODEL_NAMES, models_dir


def replay(clips: list[Path], out: Path, *more: str) -> None:
    """Run `dms replay` with the interpreter that runs this; a folder for each clip, also of one."""
    to = out if len(clips) > 1 else out / clips[0].stem
    subprocess.run([sys.executable, "-m", "dms", "replay", *map(str, clips), "--out", str(to), *more], check=True)


def main(run: Path, drives: Path, out: Path) -> None:
    """Replay each clip with the net that is fair to it."""
    clips: dict[str, list[Path]] = {}
    for file in sorted(drives.iterdir()):
        if file.suffix != ".csv":
            person = person_of_clip(file)
            clips.setdefault(person if (run / "without" / person).is_dir() else "", []).append(file)
    if others := clips.pop("", []):
        replay(others, out)
    for person, theirs in clips.items():
        with TemporaryDirectory() as folder:
            for name in MODEL_NAMES:
                for suffix in ("tflite", "json"):
                    home = run / "without" / person if name == "lids" else models_dir()
                    Path(folder, f"{name}.{suffix}").symlink_to((home / f"{name}.{suffix}").resolve())
            Path(folder, "dms.toml").write_text(f'[perception]\nmodels_dir = "{folder}"\n')
            replay(theirs, out, "--config", f"{folder}/dms.toml", "--again")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
