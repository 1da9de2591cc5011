"""Trains ``svm``: a support-vector machine on the landmarks of a face (Patil).

Data: ``fer2013.csv``, of which only rows with Usage ``Training`` are read. A grid of scalings and kernels is searched
by cross-validation on a part of them, and the best is trained on all. Makes ``svm.joblib`` and ``results.json``.
Loading a ``.joblib`` file runs what is in it: take only your own.
"""

import csv
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

from dms.datasets.fer import read_fer2013
from dms.datasets.sources import only_fer2013
from dms.errors import UserError
from dms.training.papers.landmarks import Features, features, features_apart

SEARCHED = 4000
"""Faces on which the grid is searched: the cost of a fit grows with their square."""

FOLDS = 3

GRID = [
    {"scale": [MinMaxScaler((-1, 1)), StandardScaler()], "svc__kernel": [kernel], "svc__C": costs}
    # a linear machine with a higher C does not converge within minutes on points that move together
    for kernel, costs in (("linear", [0.01, 0.1, 1.0]), ("poly", [0.3, 3.0, 30.0]), ("rbf", [0.3, 3.0, 30.0]))
]
"""What the paper compares; the values of C are ours."""


def train(data: Sequence[Path], out: Path, seed: int, resume: bool) -> Path:
    """Make ``out/svm.joblib``, ``out/curves.csv`` (one row per point of the grid) and ``out/results.json``.

    Args:
        data: ``fer2013.csv``.
        out: Folder for everything that is made.
        seed: Start of every random choice.
        resume: Take the landmarks that an earlier run left in ``out/features.npz``.

    Raises:
        UserError: The data is not that file.
    """
    out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    file = only_fer2013("svm", data)
    x, labels = training_features(file, out / "features.npz", resume)
    rng = np.random.default_rng(seed)
    part = rng.permutation(len(labels))[:SEARCHED]
    pipeline = Pipeline([("scale", StandardScaler()), ("svc", SVC(cache_size=1000, random_state=seed))])
    try:
        search = GridSearchCV(pipeline, GRID, cv=FOLDS, refit=False, verbose=3).fit(x[part], labels[part])
    except ValueError as error:
        raise UserError(f"{file} has too few faces of each class to search a grid ({error})") from error
    with (out / "curves.csv").open("w", newline="") as table:
        writer = csv.writer(table)
        writer.writerow(["scale", "kernel", "C", "accuracy"])
        for tried, score in zip(search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True):
            writer.writerow([tried["scale"], tried["svc__kernel"], tried["svc__C"], f"{score:.4f}"])
    best = pipeline.set_params(**search.best_params_).fit(x, labels)
    made = out / "svm.joblib"
    joblib.dump(best, made)
    content = {
        "system": "svm",
        "epochs": None,
        "epochs_paper": None,
        "chosen": {name.removeprefix("svc__"): str(value) for name, value in search.best_params_.items()},
        "cross_validated_accuracy": float(search.best_score_),
        "seed": seed,
        "support_vectors": int(best["svc"].support_vectors_.shape[0]),
        "seconds": time.monotonic() - began,
        "device": "cpu",
    }
    (out / "results.json").write_text(json.dumps(content, indent=2) + "\n")
    return made


def training_features(data: Path, kept: Path, resume: bool) -> tuple[Features, npt.NDArray[np.int64]]:
    """Landmarks of the Training faces and their labels, kept in a file because they take minutes."""
    if resume and kept.is_file():
        with np.load(kept) as file:
            return file["features"], file["labels"]
    faces = read_fer2013(data, "Training")
    found = features_apart(faces.images)
    np.savez(kept, features=found, labels=faces.labels)
    return found, faces.labels


class SvmFile:
    """A trained machine that answers for faces, for ``dms.evaluate.emotion``.

    Its shares are a softmax of the decision values and not calibrated. To be used in a process without PyTorch.

    Args:
        path: What ``train`` made.

    Raises:
        UserError: The file is none of these.
    """

    label_sets = ("fer2013",)

    def __init__(self, path: Path) -> None:
        try:
            self._pipeline: Any = joblib.load(path)
            self._pipeline.decision_function(np.zeros((1, 136)))
        except Exception as error:  # joblib raises whatever a file that is no pickle runs into
            raise UserError(f"{path} is not a file that `dms train svm` made ({type(error).__name__})") from error
        self.name = str(path)

    def answer(self, faces: Sequence[npt.NDArray[np.uint8]]) -> dict[str, npt.NDArray[np.float32]]:
        """Shares of FER2013's classes, (N, 7)."""
        values = self._pipeline.decision_function(features(faces))
        shares = np.exp(values - values.max(1, keepdims=True))
        return {"fer2013": np.asarray(shares / shares.sum(1, keepdims=True), np.float32)}
