#!/usr/bin/env python3
"""How well lowered lids are told from shut ones, on people who taught none of it.

usage: lids_apart.py LIDS [SEED]

LIDS is what `lowered_lids.py` made. Its people are divided into five parts, and five times the net and the edges beside
it are taught as `dms train lids` teaches them, each time without one part, which they are then asked about, patch by
patch, float. A person's patches count by the square root of their number. Printed for each source: people, the area
under the ROC curve of the net, of the edges and of both as the daemon takes them, and at the daemon's limit
(`closure.lowered_limit`) which shares of lowered and of shut lids count as lowered. Its epochs and what the net counts
for beside the edges were chosen by such figures, so that they are a validation and no test. Needs the extra `train`.
"""

import re
import sys
import tempfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from dms.config.driver import ClosureSettings
from dms.models import find_model
from dms.perception.lid_edges import LidEdges
from dms.perception.lids import lowered_by
from dms.training.fit import Options
from dms.training.recipes.lids import teach
from dms.training.samples.eyes import prepare
from dms.training.samples.lids import STATES, Lids

FOLDS = 5
SOURCES = {
    "YouTube Faces": r"ytf",
    "clips": r"(?!ytf|no\.yawn|yawn|news|fer2013|cew|mrl|helen|afw)",
    "in-car frames": r"(no\.)?yawn",
    "news photographs": r"news",
    "FER2013": r"fer2013",
    "CEW, MRL, HELEN, AFW": r"cew|mrl|helen|afw",
    "all": r"",
}
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one patch."""

    person: str
    down: bool
    by_net: float
    by_edges: float


def fold_of(person: str) -> int:
    return zlib.crc32(person.encode()) % FOLDS


def part(lids: Lids, folds: Iterable[int]) -> Lids:
    """The patches of the people of some parts."""
    chosen = np.isin([fold_of(str(person)) for person in lids.people], list(folds))
    return Lids(lids.images[chosen], lids.people[chosen])


def answers(lids: dict[str, Lids], seed: int) -> list[Said]:
    """What is said of everybody's patches by those that were taught without them."""
    options, said = Options(seed=seed, resume=False), []
    eye_net = find_model("eyes").path
    for fold in range(FOLDS):
        others = {state: part(lids[state], set(range(FOLDS)) - {fold}) for state in STATES}
        with tempfile.TemporaryDirectory() as folder:
            taught = teach(others, eye_net, Path(folder), options)
        edges = LidEdges(taught.edges)
        for state in STATES:
            own = part(lids[state], [fold])
            upright = prepare(own.images)
            for person, by_net, patch in zip(own.people, taught.by_net(upright), upright, strict=True):
                said.append(Said(str(person), state == "down", float(by_net), edges.lowered(patch)))
    return said


def row(name: str, said: list[Said]) -> str:
    """A line of the table."""
    limit = ClosureSettings().lowered_limit
    people, which, counts = np.unique([one.person for one in said], return_inverse=True, return_counts=True)
    weights = 1 / np.sqrt(counts[which])
    down = np.array([one.down for one in said])
    by_net, by_edges = (np.array(values) for values in zip(*[(one.by_net, one.by_edges) for one in said], strict=True))
    both = np.array([lowered_by(one.by_net, one.by_edges) for one in said])
    if len(set(down)) < len(STATES):
        areas = ["", "", ""]
    else:
        areas = [f"{roc_auc_score(down, values, sample_weight=weights):.3f}" for values in (by_net, by_edges, both)]
    shares = [_share(both >= limit, weights, down == lowered) for lowered in (True, False)]
    lowered = len({one.person for one in said if one.down})
    return " | ".join([f"| {name}", str(len(people)), str(lowered), *areas, *shares]) + " |"


def _share(yes: npt.NDArray[np.bool_], weights: Numbers, of: npt.NDArray[np.bool_]) -> str:
    return f"{np.average(yes[of], weights=weights[of]):.1%}" if of.any() else ""


def main(folder: Path, seed: int) -> None:
    said = answers({state: Lids.read(folder / state) for state in STATES}, seed)
    print("| source | people | who look down | area: net | edges | both | lowered said so | shut said lowered |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, pattern in SOURCES.items():
        print(row(name, [one for one in said if re.match(pattern, one.person)]))


if __name__ == "__main__":
    if len(sys.argv) not in {2, 3}:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) == 3 else 1)
