#!/usr/bin/env python3
"""Cross-validate the eye recipe by person: every labelled patch is judged by an INT8 net that never saw its person.

usage: cross_validate_eyes.py OUT FOLDER... LANDMARKS.csv... [--folds 5] [--epochs 36]

FOLDER holds closed/ and open/, as for `dms train eyes`. Each fold's net learns from the people of the others for a
fixed number of epochs, so that nothing is chosen by what it is measured on. Goes on after a stop. Needs the extra
`train`.
"""

import argparse
import json
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dms.training.fit import Options, fix_seed
from dms.training.recipes import eyes
from dms.training.samples.eyes import Patches, from_folder, from_landmarks, join, write_folder


def train_fold(learn: Patches, out: Path, fold: int, epochs: int) -> Path:
    """Train and convert the net of one fold; gives its file."""
    options = Options(seed=fold + 1)
    fix_seed(options.seed)
    # nobody is held out to choose an epoch by: with every score alike, the last one is kept
    model = eyes.train_on(eyes.Source(learn), out, epochs, lambda _: {"score": 0.0}, options)
    return eyes.convert(model, learn, out)


def confusion(folder: Path, model: Path) -> npt.NDArray[np.int64]:
    """Counts of truth (open, closed) against answer (open, closed, unknown)."""
    command = [sys.executable, "-m", "dms", "evaluate", "eyes", str(folder), "--model", str(model), "--json"]
    # the runtime cannot load a model in a process that holds PyTorch
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return np.array(json.loads(done.stdout)["overall"]["confusion"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=36)
    given = parser.parse_args()
    folders, tables = [p for p in given.data if p.is_dir()], [p for p in given.data if not p.is_dir()]
    labelled = {folder.name: from_folder(folder) for folder in folders}
    everything = join([*labelled.values(), *(from_landmarks(table) for table in tables)])

    def folds(groups: npt.NDArray[np.str_]) -> npt.NDArray[np.int64]:
        return np.array([zlib.crc32(f"cv:{group}".encode()) % given.folds for group in groups])

    counts = dict.fromkeys(labelled, np.zeros((2, 3), int))
    for fold in range(given.folds):
        out = given.out / f"fold-{fold + 1}"
        made = out / "eyes.tflite"
        if not made.is_file():
            made = train_fold(everything.where(folds(everything.groups) != fold), out, fold, given.epochs)
        for name, patches in labelled.items():
            test = out / "test" / name
            if not test.is_dir():
                write_folder(patches.where(folds(patches.groups) == fold), test)
            if all(any((test / state).iterdir()) for state in ("open", "closed")):
                counts[name] = counts[name] + confusion(test, made)
            else:
                print(f"fold {fold + 1}  {name}: its people show one state only, left out")
        for name, table in counts.items():
            right, total = int(np.trace(table)), int(table.sum())
            share = right / total
            error = np.sqrt(share * (1 - share) / total)
            print(
                f"folds 1 to {fold + 1}  {name}: {right} of {total} right, {share:.2%} "
                f"(standard error {error:.2%}), unknown {int(table[:, 2].sum())}",
                flush=True,
            )


if __name__ == "__main__":
    main()
