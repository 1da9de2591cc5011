"""A picture of one drive's timeline, for papers, mails and issues.

Takes a drive, draws what the page shows of it with matplotlib.
"""

from pathlib import Path
from typing import Any

from dms.config.driver import DriverSettings
from dms.errors import UserError
from dms.report.charts import limits_of
from dms.report.drives import ReportDrive
from dms.report.look import BLACK, GREY, HATCHED, INK, PALE, PANELS, PERCLOS, TONES, Panel
from dms.report.timeline import Lane, Timeline, Wrong

_LANES = (Lane.LABELS, Lane.ALERTS, Lane.CONDITION, Lane.EYES)
_WIDTH_IN, _DPI = 14.0, 120
_STEPS_S, _TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200), 13
"""Between two times on the axis, and how many there are at most."""
_MARKERS = {
    Wrong.MISSED: ("v", "white", "missed"),
    Wrong.FALSE: ("X", "black", "false alarm"),
    Wrong.ALERT: ("o", "black", "alert"),
}


def draw(drive: ReportDrive, settings: DriverSettings, title: str, out: Path) -> None:
    """Draw a drive.

    Args:
        drive: The drive; an older run of it is not drawn.
        settings: Limits to draw.
        title: What stands above it.
        out: The PNG.

    Raises:
        UserError: What draws it is not installed.
        OSError: The file cannot be written.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  # an extra
        from matplotlib.figure import Figure  # noqa: PLC0415
        from matplotlib.ticker import MultipleLocator  # noqa: PLC0415
    except ImportError as error:
        raise UserError("a picture needs the extra report: pip install 'dms[report]'") from error
    figure = Figure(figsize=(_WIDTH_IN, 2.2 + 1.15 * len(PANELS)), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots(1 + len(PANELS), sharex=True, height_ratios=[1.2, *(_height(panel) for panel in PANELS)])
    figure.suptitle(title, fontsize=11, x=0.01, ha="left", parse_math=False)
    _lanes(axes[0], drive.now)
    for axis, panel in zip(axes[1:], PANELS, strict=True):
        _panel(axis, panel, drive.now, settings)
    for axis in axes:
        axis.set_xlim(0, max(1.0, drive.now.duration_s))
        axis.tick_params(labelsize=8, color=GREY)
        for side in axis.spines.values():
            side.set_color(PALE)
    step_s = next((step for step in _STEPS_S if drive.now.duration_s / step <= _TICKS), _STEPS_S[-1])
    axes[-1].xaxis.set_major_locator(MultipleLocator(step_s))
    axes[-1].xaxis.set_major_formatter(_clock)
    canvas.print_figure(out, dpi=_DPI, format="png")


def _height(panel: Panel) -> float:
    """Return the height that its legend needs, inches."""
    return max(1.0, 0.18 * len(panel.lines))


def _clock(seconds: float, _position: int | None = None) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes // 60):02d}:{int(minutes % 60):02d}:{rest:04.1f}".removesuffix(".0")


def _lanes(axis: Any, run: Timeline) -> None:
    """The rows of spans, with the marks on them."""
    for row, lane in enumerate(_LANES):
        for span in run.spans:
            if span.lane is lane:
                axis.barh(
                    row,
                    max(span.end_s - span.start_s, run.duration_s / 2000),
                    left=span.start_s,
                    height=0.84,
                    color=TONES[span.tone],
                    hatch="///" if span.tone in HATCHED else None,
                    edgecolor=GREY if span.tone in HATCHED else TONES[span.tone],
                    linewidth=0.3,
                )
    for kind, (marker, fill, text) in _MARKERS.items():
        marks = [mark for mark in run.marks if mark.kind is kind]
        if marks:
            row = 0 if kind is Wrong.MISSED else 1
            times = [(mark.t + mark.end_s) / 2 for mark in marks]
            axis.scatter(
                times, [row - 0.3] * len(marks), marker=marker, color=fill, edgecolors=BLACK, s=40, label=text, zorder=3
            )
            axis.legend(**_LEGEND)
    axis.set_yticks(range(len(_LANES)), [lane.value for lane in _LANES])
    axis.set_ylim(len(_LANES) - 0.5, -0.7)


_LEGEND = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.02), "fontsize": 8, "frameon": False, "handlelength": 1.4}


def _panel(axis: Any, panel: Panel, run: Timeline, settings: DriverSettings) -> None:
    """A chart of curves with its limits."""
    for line in panel.lines:
        curves = run.slow if line.slow else run.fast
        style = "--" if line.dash == "dashed" else "-"
        axis.plot(curves.t, curves.values[line.name], style, color=line.colour, linewidth=1, label=line.text)
    for limit in limits_of(settings):
        if limit.panel == panel.title:
            axis.axhline(limit.value, color=BLACK, linewidth=0.5)
            axis.annotate(
                f"{limit.text} {limit.value:g}", (0, limit.value), fontsize=7, color=INK, xytext=(2, 1),
                textcoords="offset points",
            )  # fmt: skip
    if panel.title == PERCLOS:
        axis.set_ylim(bottom=-0.005, top=max(panel.high, axis.get_ylim()[1]))
    else:
        axis.set_ylim(panel.low - 0.02, panel.high * 1.04)
    axis.set_ylabel(panel.title, fontsize=8)
    axis.grid(color=PALE, linewidth=0.5)
    axis.legend(**_LEGEND)
