"""The metrics of classification, on plain arrays.

Takes labels and probabilities, gives numbers: shares in 0..1, and None where a share has nothing to be a share of.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ClassMetrics:
    """One class against the rest.

    Attributes:
        label: The class.
        support: Samples that are of this class.
        precision: Share of the answers "this class" that were right.
        recall: Share of this class that was found (sensitivity).
        specificity: Share of the rest that was not called this class.
        f1: Harmonic mean of precision and recall.
    """

    label: str
    support: int
    precision: float | None
    recall: float | None
    specificity: float | None
    f1: float | None


@dataclass(frozen=True, slots=True)
class Classification:
    """Answers of a classifier against the truth.

    Attributes:
        samples: Number of samples.
        accuracy: Share that was right.
        balanced_accuracy: Mean recall (sensitivity) of the classes that occur.
        macro_precision: Mean precision of the classes that occur; one that was never answered counts as 0.
        macro_specificity: Mean specificity of the classes that occur; None when only one does.
        macro_f1: Mean F1 of the classes that occur.
        classes: Each class against the rest.
        confusion: Row: truth, column: answer, in the order of ``classes``; then "unknown" where that is an answer.
    """

    samples: int
    accuracy: float
    balanced_accuracy: float
    macro_precision: float
    macro_specificity: float | None
    macro_f1: float
    classes: tuple[ClassMetrics, ...]
    confusion: tuple[tuple[int, ...], ...]


def classification(truth: Ints, answers: Ints, labels: Sequence[str], *, unknown: bool = False) -> Classification:
    """Return every metric of a set of answers.

    Args:
        truth: (N,) indices into ``labels``, N >= 1.
        answers: (N,) the same.
        labels: Names of the classes.
        unknown: Whether the index past the labels is an answer too, wrong for every class; the confusion matrix then
            has a last column for it, however often it was given.
    """
    count = len(labels)
    matrix = confusion_matrix(truth, answers, count + unknown)[:count]
    classes = tuple(_one_class(matrix, i, label) for i, label in enumerate(labels))
    present = [c for c in classes if c.support]
    return Classification(
        samples=len(truth),
        accuracy=float((truth == answers).mean()),
        balanced_accuracy=float(np.mean([c.recall or 0.0 for c in present])),
        macro_precision=float(np.mean([c.precision or 0.0 for c in present])),
        macro_specificity=None if len(present) < 2 else float(np.mean([c.specificity or 0.0 for c in present])),
        macro_f1=float(np.mean([c.f1 or 0.0 for c in present])),
        classes=classes,
        confusion=tuple(tuple(int(n) for n in row) for row in matrix),
    )


def confusion_matrix(truth: Ints, answers: Ints, count: int) -> Ints:
    """(count, count) numbers of samples; row: truth, column: answer."""
    return np.bincount(truth * count + answers, minlength=count * count).reshape(count, count)


def _one_class(matrix: Ints, index: int, label: str) -> ClassMetrics:
    hits, support, answered = int(matrix[index, index]), int(matrix[index].sum()), int(matrix[:, index].sum())
    rest = int(matrix.sum()) - support
    precision, recall = _share(hits, answered), _share(hits, support)
    f1 = _share(2 * hits, answered + support)
    return ClassMetrics(label, support, precision, recall, _share(rest - (answered - hits), rest), f1)


def roc(positive: npt.NDArray[np.bool_], scores: Floats) -> tuple[Floats, Floats]:
    """Receiver operating characteristic.

    Args:
        positive: (N,) whether a sample is positive; both kinds must occur.
        scores: (N,) higher means more likely positive.

    Returns:
        False-positive and true-positive rates from (0, 0) to (1, 1), one point per distinct score.
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.diff(scores[order], append=-np.inf))
    hits = np.cumsum(positive[order])[ends]
    false = ends + 1 - hits
    return np.concatenate([[0.0], false / max(1, false[-1])]), np.concatenate([[0.0], hits / max(1, hits[-1])])


def auc(positive: npt.NDArray[np.bool_], scores: Floats) -> float | None:
    """Area under the ROC curve; None when only one kind occurs."""
    if positive.all() or not positive.any():
        return None
    false, true = roc(positive, scores)
    return float(np.sum(np.diff(false) * (true[1:] + true[:-1]) / 2))


def recall_at(positive: npt.NDArray[np.bool_], scores: Floats, false_positives: float) -> float | None:
    """Highest recall at a false-positive rate of at most ``false_positives``; None when only one kind occurs."""
    if positive.all() or not positive.any():
        return None
    false, true = roc(positive, scores)
    return float(true[false <= false_positives].max())


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of like confidence.

    Attributes:
        low: Least confidence, 0..1.
        high: Confidence that belongs to the next bin; to this one if it is the last.
        samples: Answers in the bin.
        confidence: Their mean confidence; None without any.
        accuracy: Share of them that was right; None without any.
    """

    low: float
    high: float
    samples: int
    confidence: float | None
    accuracy: float | None


def reliability(truth: Ints, probabilities: Floats, bins: int = 15) -> tuple[Bin, ...]:
    """Confidence and accuracy of the top answer in bins of equal width (Guo et al. 2017).

    Args:
        truth: (N,) indices.
        probabilities: (N, classes).
        bins: Number of bins between 0 and 1.
    """
    confidence, right = probabilities.max(1), probabilities.argmax(1) == truth
    which = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    made = []
    for number in range(bins):
        inside = which == number
        means = (float(confidence[inside].mean()), float(right[inside].mean())) if inside.any() else (None, None)
        made.append(Bin(number / bins, (number + 1) / bins, int(inside.sum()), *means))
    return tuple(made)


def calibration_error(truth: Ints, probabilities: Floats, bins: int = 15) -> float:
    """Expected calibration error of the top answer (Guo et al. 2017), 0..1; arguments as in ``reliability``."""
    made = reliability(truth, probabilities, bins)
    return sum(b.samples * abs((b.confidence or 0.0) - (b.accuracy or 0.0)) for b in made) / len(truth)


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of one call, preparation of the patch included.

    Attributes:
        median_ms: The middle of the runs.
        p95_ms: 19 of 20 runs are faster.
        runs: Number of runs.
    """

    median_ms: float
    p95_ms: float
    runs: int

    def text(self) -> str:
        """In one line for people."""
        return f"latency {self.median_ms:.2f} ms (95th percentile {self.p95_ms:.2f} ms), one thread"


def latency(call: Callable[[], object], runs: int = 200) -> Latency:
    """Measure how long a call takes, after a few that warm it up."""
    for _ in range(5):
        call()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1000)
    return Latency(float(np.median(times)), float(np.percentile(times, 95)), runs)


def table(result: Classification, extra: Sequence[str] = ()) -> str:
    """Return a classification as text: the totals, each class, and the confusion matrix.

    Args:
        result: What was measured.
        extra: Names of the confusion matrix' columns past the classes, for example ``unknown``.
    """
    names = [c.label for c in result.classes]
    wide = max(9, *(len(n) for n in (*names, *extra))) + 1
    lines = [
        f"samples {result.samples}   accuracy {_percent(result.accuracy)}"
        f"   balanced {_percent(result.balanced_accuracy)}   macro F1 {_percent(result.macro_f1)}",
        "",
        f"{'class':<{wide}}{'support':>9}{'precision':>11}{'recall = sensitivity':>22}{'specificity':>13}{'F1':>9}",
    ]
    rows = [(c.label, c.support, c.precision, c.recall, c.specificity, c.f1) for c in result.classes]
    means = (result.macro_precision, result.balanced_accuracy, result.macro_specificity, result.macro_f1)
    for label, support, *values in (*rows, ("mean", result.samples, *means)):
        shares = zip(values, (11, 22, 13, 9), strict=True)
        lines.append(f"{label:<{wide}}{support:>9}" + "".join(f"{_percent(v):>{n}}" for v, n in shares))
    lines += ["", f"{'truth / answer':<{wide + 5}}" + "".join(f"{n:>{wide}}" for n in (*names, *extra))]
    for name, row in zip(names, result.confusion, strict=True):
        lines.append(f"{name:<{wide + 5}}" + "".join(f"{n:>{wide}}" for n in row))
    return "\n".join(lines)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value * 100:.2f} %"


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def judged_accuracy(overall: Classification, known: Classification | None) -> dict[str, float | None]:
    """Return the two accuracies of a model that may say unknown: with unknown counted as wrong, and without it."""
    return {"accuracy": overall.accuracy, "accuracy_known": known.accuracy if known else None}


def judged_text(
    subject: str, overall: Classification, known: Classification | None, unknown: str, area: float | None
) -> list[str]:
    """Return lines for people about a model that may say unknown.

    Args:
        subject: What was measured on what.
        overall: With unknown counted as wrong, its own last column in the confusion matrix.
        known: Without unknown; None when nothing was judged.
        unknown: The share of unknown in words.
        area: Under the ROC curve of what was judged, None when there is none.
    """
    return [
        f"{subject}, unknown counted as wrong:",
        "",
        table(overall, ("unknown",)),
        "",
        f"{unknown}; accuracy of the rest "
        + (f"{known.accuracy:.2%}" if known else "-")
        + (f", area under ROC {area:.4f}" if area is not None else ""),
    ]
