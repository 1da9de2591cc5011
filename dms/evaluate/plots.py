"""Draws what an evaluation of facial expressions found, as PNG files.

Takes a report, gives for each label set a confusion matrix, the curve of anger against the rest and a reliability
diagram, or for each face its occlusion map. Needs the extra ``pictures`` (matplotlib). Never measures anything.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dms.errors import UserError, WorldError
from dms.evaluate.emotion import EmotionReport, HeadReport
from dms.evaluate.saliency import OcclusionMap, OcclusionReport

INK, PALE, MAIN, SECOND = "#22272e", "#d8dee4", "#1f5f99", "#c4532b"

_NAMES = {"fer2013": "FER2013 labels", "ferplus": "FER+ majority"}


def draw(report: EmotionReport | OcclusionReport, folder: Path) -> list[Path]:
    """Draw a report.

    Args:
        report: What was measured.
        folder: Where the files go; made when absent.

    Returns:
        The files.

    Raises:
        UserError: matplotlib is not installed.
        WorldError: The folder cannot be written.
    """
    prepare(folder)
    try:
        if isinstance(report, OcclusionReport):
            stems = [m.file.stem for m in report.maps]
            names = [
                f"{stem}_{stems[:i].count(stem) + 1}" if stem in stems[:i] else stem for i, stem in enumerate(stems)
            ]
            return [
                _occlusion(m, folder / f"occlusion_{name}.png", report.square)
                for m, name in zip(report.maps, names, strict=True)
            ]
        drawn = []
        for head in report.heads:
            drawn.append(_confusion(head, folder / f"confusion_{head.label_set}.png"))
            drawn.append(_reliability(head, folder / f"reliability_{head.label_set}.png"))
            if head.anger_roc:
                drawn.append(_roc(head, folder / f"roc_{head.label_set}.png"))
        return drawn
    except OSError as error:
        raise WorldError(f"{folder}: cannot be written ({error.strerror})") from error


def prepare(folder: Path) -> None:
    """Make the folder, before anything is measured for it.

    Raises:
        UserError: matplotlib is not installed.
        WorldError: The folder cannot be made or written.
    """
    _figure_class()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorldError(f"{folder}: cannot be written ({error.strerror})") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise WorldError(f"{folder}: cannot be written (no permission)")


def _confusion(head: HeadReport, file: Path) -> Path:
    labels = [c.label for c in head.result.classes]
    counts = np.array(head.result.confusion, float)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    figure, axes = _figure(7.2, 6.4)
    picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        text = f"{share:.0%}\n{int(counts[row, column])}"
        colour = "white" if share > 0.55 else INK if counts[row, column] else "#9aa4af"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=8.5, linespacing=1.35)
    axes.set_xticks(range(len(labels)), labels, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xticks(np.arange(len(labels) - 1) + 0.5, minor=True)
    axes.set_yticks(np.arange(len(labels) - 1) + 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("answer")
    axes.set_ylabel("label")
    result = head.result
    _title(axes, "Confusion matrix", f"{_NAMES[head.label_set]}, {result.samples:,} faces, {result.accuracy:.1%} right")
    bar = figure.colorbar(picture, ax=axes, fraction=0.04, pad=0.03, format=lambda v, _: f"{v:.0%}")
    bar.outline.set_visible(False)
    bar.set_label("share of the faces with this label")
    return _save(figure, file)


def _roc(head: HeadReport, file: Path) -> Path:
    false, true = zip(*head.anger_roc, strict=True)
    figure, axes = _figure(6.4, 5.6)
    axes.plot([0, 1], [0, 1], color=PALE, linestyle="--", linewidth=1.2)
    axes.plot(false, true, color=MAIN, linewidth=2)
    axes.fill_between(false, true, color=MAIN, alpha=0.08, linewidth=0)
    for at, recall, below in ((0.01, head.anger_recall_1, 0.12), (0.05, head.anger_recall_5, 0.05)):
        if recall is not None:
            axes.plot([at], [recall], "o", color=SECOND, markersize=6)
            axes.annotate(
                f"{recall:.1%} found at {at:.0%} false positives",
                (at, recall),
                (0.14, max(0.03, recall - below)),
                va="center",
                color=INK,
                arrowprops={"arrowstyle": "-", "color": SECOND, "linewidth": 1, "relpos": (0, 0.5)},
            )
    _unit_square(axes)
    axes.set_xlabel("false positives: share of the other faces called angry")
    axes.set_ylabel("recall: share of the angry faces found")
    _title(axes, "Anger against the rest", f"{_NAMES[head.label_set]}, area under the curve {head.anger_auc:.3f}")
    return _save(figure, file)


def _reliability(head: HeadReport, file: Path) -> Path:
    filled = [b for b in head.reliability if b.samples]
    width = head.reliability[0].high - head.reliability[0].low
    centres = [(b.low + b.high) / 2 for b in filled]
    figure, (axes, counts) = _figure(6.4, 6.6, rows=2, height_ratios=(5, 1))
    axes.bar(centres, [b.accuracy for b in filled], width * 0.92, color=MAIN, alpha=0.85, label="accuracy")
    axes.plot([0, 1], [0, 1], color=INK, linestyle="--", linewidth=1.2, label="as sure as right")
    points = ([b.confidence for b in filled], [b.accuracy for b in filled])
    axes.plot(*points, "o", color=SECOND, markersize=5, label="mean confidence")
    axes.legend(loc="upper left", frameon=False)
    _unit_square(axes)
    axes.set_aspect("auto")
    axes.set_ylabel("share of the answers that were right")
    subtitle = f"{_NAMES[head.label_set]}, expected calibration error {head.calibration_error:.1%}"
    _title(axes, "Reliability", subtitle)
    counts.bar(centres, [b.samples for b in filled], width * 0.92, color="#9aa4af")
    counts.set_xlim(0, 1)
    counts.set_xticks(axes.get_xticks(), [f"{tick:.0%}" for tick in axes.get_xticks()])
    counts.spines[["top", "right"]].set_visible(False)
    counts.set_ylabel("answers")
    counts.set_xlabel("confidence of the answer")
    return _save(figure, file)


def _occlusion(found: OcclusionMap, file: Path, square: int) -> Path:
    figure, (left, middle, right) = _figure(9.6, 3.3, columns=3)
    for axes in (left, middle, right):
        axes.set_axis_off()
    left.imshow(found.face, cmap="gray", vmin=0, vmax=255)
    left.set_title(f"{found.label}, {found.probability:.0%}", fontsize=11, color=INK)
    limit = max(0.05, float(np.abs(found.loss).max()))
    picture = middle.imshow(found.loss, cmap="RdBu_r", vmin=-limit, vmax=limit)
    middle.set_title(f"lost when a {square}x{square} square hides it", fontsize=11, color=INK)
    right.imshow(found.face, cmap="gray", vmin=0, vmax=255)
    # what matters most shows, the rest of the face stays grey
    right.imshow(found.loss, cmap="YlOrRd", vmin=0, vmax=limit, alpha=np.clip(found.loss / limit, 0, 1) * 0.75)
    right.set_title(f"answer changes under {found.broken:.0%}", fontsize=11, color=INK)
    bar = figure.colorbar(picture, ax=[middle], fraction=0.046, pad=0.03, format=lambda v, _: f"{v:+.0%}")
    bar.outline.set_visible(False)
    return _save(figure, file)


def _figure_class() -> Any:
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra, and slow to import
    except ModuleNotFoundError as error:
        raise UserError("pictures need matplotlib: pip install '.[pictures]' in a checkout of DMS") from error
    return Figure


def _figure(width: float, height: float, rows: int = 1, columns: int = 1, **options: Any) -> tuple[Any, Any]:
    figure = _figure_class()((width, height), dpi=150, layout="constrained", facecolor="white")
    return figure, figure.subplots(rows, columns, **options)


def _title(axes: Any, title: str, subtitle: str) -> None:
    axes.set_title(title, loc="left", fontsize=14, fontweight="bold", color=INK, pad=26)
    axes.text(0, 1.025, subtitle, transform=axes.transAxes, fontsize=10, color="#57606a")


def _unit_square(axes: Any) -> None:
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.005)
    axes.set_aspect("equal")
    ticks = np.linspace(0, 1, 6)
    percent: Sequence[str] = [f"{tick:.0%}" for tick in ticks]
    axes.set_xticks(ticks, percent)
    axes.set_yticks(ticks, percent)
    axes.grid(color=PALE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _save(figure: Any, file: Path) -> Path:
    figure.savefig(file)
    return file
