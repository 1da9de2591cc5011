"""The charts of the page, drawn by Bokeh.

Takes what limits to draw, gives a document as plain data for BokehJS. The charts are empty: ``assets/report.js`` fills
their sources (``spans``, ``names``, ``hatched``, ``marks``, ``fast``, ``slow`` and those of an old run) with the drive
that is looked at, with no more points than can be seen. Times are milliseconds, as BokehJS wants them for an axis of
times.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dms.config.driver import DriverSettings
from dms.errors import UserError
from dms.report.look import BLACK, GREY, INK, PALE, PANELS, PERCLOS, Panel
from dms.report.timeline import FAST, SLOW

OLD = "old_"
"""Begins the names of what belongs to the run that is compared with."""
COMPARED = ("right_eye", "left_eye", "perclos", "anger_score")
"""Curves that are drawn of both runs."""

_LANE_PX, _PANEL_PX, _LINE_PX, _OVERVIEW_PX, _LEFT_PX, _RIGHT_PX = 24, 112, 14, 66, 110, 130
_BARS = ("lane", "start", "end", "text", "detail", "when", "colour")
_NAMES = ("lane", "start", "text", "ink")
_HATCHED = ("lane", "start", "end")
_MARKS = ("t", "lane", "marker", "colour", "text", "detail", "when")
"""The columns that ``assets/report.js`` fills."""
_EACH_MS = "%H:%M:%S.%3N"
_EACH_S = "%H:%M:%S"


@dataclass(frozen=True, slots=True)
class Limit:
    """A line across a chart: a measure that reaches it may raise an alert."""

    panel: str
    value: float
    text: str


def limits_of(settings: DriverSettings) -> tuple[Limit, ...]:
    """Return the limits that are drawn."""
    return (
        Limit("eyes closed", settings.eyes.closed_limit, "closed from"),
        Limit(PERCLOS, settings.perclos.advisory, "advisory"),
        Limit(PERCLOS, settings.perclos.warning, "warning"),
        Limit("emotions", settings.anger.irritated, "irritated"),
    )


def charts(lanes: Sequence[str], limits: Sequence[Limit], *, old: bool) -> Mapping[str, Any]:
    """Return the document.

    Args:
        lanes: Names of the rows of spans, from the top.
        limits: Lines to draw.
        old: Whether a second run is drawn behind the first.

    Raises:
        UserError: Bokeh is not installed.
    """
    try:
        from bokeh.embed import json_item  # noqa: PLC0415  # an extra
        from bokeh.layouts import column  # noqa: PLC0415
        from bokeh.models import CustomJS, Range1d  # noqa: PLC0415
    except ImportError as error:
        raise UserError("a report needs the extra report: pip install 'dms[report]'") from error
    time = Range1d(0, 1000, name="time", min_interval=200)
    whole = Range1d(0, 1000, name="whole")
    for end in ("start", "end"):
        time.js_on_change(end, CustomJS(code="window.dmsReport.moved()"))
    make = _Maker(time, whole, old)
    figures = [make.lanes(lanes), *(make.panel(panel, limits) for panel in PANELS), make.overview(lanes)]
    item: Mapping[str, Any] = json_item(column(*figures, sizing_mode="stretch_width", spacing=2))
    return item


class _Maker:
    """Makes charts that share their times, sources and tools."""

    def __init__(self, time: Any, whole: Any, old: bool) -> None:
        from bokeh.models import ColumnDataSource, Span  # noqa: PLC0415

        self._time = time
        self._whole = whole
        self._prefixes = (OLD, "") if old else ("",)
        columns = {"spans": _BARS, "names": _NAMES, "hatched": _HATCHED, "marks": _MARKS}
        for prefix in self._prefixes:
            columns |= {prefix + "fast": ("t", *FAST), prefix + "slow": ("t", *SLOW)}
        self._sources = {
            name: ColumnDataSource({column: [] for column in names}, name=name) for name, names in columns.items()
        }
        self._cross = Span(dimension="height", line_color=GREY, line_dash="dotted")
        self._here = Span(location=0, dimension="height", line_color=INK, line_dash="dashed", name="here")

    def lanes(self, lanes: Sequence[str]) -> Any:
        """Return the rows of spans, with the marks on them."""
        from bokeh.models import FactorRange, HoverTool  # noqa: PLC0415

        figure = self._figure("", _LANE_PX * len(lanes) + 26, FactorRange(*reversed(lanes)))
        bars = self._bars(figure, 0.84)
        figure.text(
            x="start", y="lane", text="text", source=self._sources["names"], text_font_size="11px",
            text_baseline="middle", text_color="ink", x_offset=3,
        )  # fmt: skip
        marks = self._marks(figure, 10)
        figure.add_tools(HoverTool(renderers=[bars, marks], tooltips="<b>@text</b><br>@detail<br>@when"))
        figure.xaxis.visible = True
        figure.add_layout(figure.xaxis[0], "above")
        figure.ygrid.grid_line_color = None
        return figure

    def panel(self, panel: Panel, limits: Sequence[Limit]) -> Any:
        """Return a chart of curves with its limits."""
        from bokeh.models import Label, Legend, LegendItem, Range1d, Span  # noqa: PLC0415

        figure = self._figure(
            panel.title,
            _PANEL_PX + _LINE_PX * max(0, len(panel.lines) - 6),
            Range1d(panel.low - 0.02, panel.high * 1.04, name=panel.title),
        )
        items = []
        for line in panel.lines:
            drawn = [
                figure.line(
                    "t", line.name, source=self._sources[prefix + ("slow" if line.slow else "fast")],
                    color=line.colour, line_width=1 if prefix else 1.5, line_alpha=0.55 if prefix else 1,
                    line_dash="dotted" if prefix else line.dash,
                )
                for prefix in self._prefixes if not prefix or line.name in COMPARED
            ]  # fmt: skip
            items.append(LegendItem(label=line.text, renderers=drawn))
        mine = [limit for limit in limits if limit.panel == panel.title]
        for number, limit in enumerate(mine, 1):
            figure.add_layout(Span(location=limit.value, dimension="width", line_color=BLACK, line_width=0.6))
            figure.add_layout(
                Label(
                    x=3, y=limit.value, x_units="screen", text=f"{limit.text} {limit.value:g}", text_font_size="10px",
                    text_color=INK, text_baseline="bottom" if number == len(mine) else "top",
                )
            )  # fmt: skip
        legend = Legend(
            items=items, click_policy="hide", label_text_font_size="11px", glyph_width=16, spacing=0, padding=2,
            border_line_color=None, label_height=12, glyph_height=12, margin=0,
            location="top_left",
        )  # fmt: skip
        figure.add_layout(legend, "right")
        return figure

    def overview(self, lanes: Sequence[str]) -> Any:
        """Return the whole drive in small, with a window that can be drawn over it."""
        from bokeh.models import FactorRange, RangeTool  # noqa: PLC0415
        from bokeh.plotting import figure as bokeh_figure  # noqa: PLC0415

        figure = bokeh_figure(
            height=_OVERVIEW_PX, x_range=self._whole, y_range=FactorRange(*reversed(lanes)), tools="",
            x_axis_type="datetime", sizing_mode="stretch_width", toolbar_location=None,
        )  # fmt: skip
        self._style(figure)
        self._bars(figure, 0.9)
        self._marks(figure, 7)
        figure.yaxis.major_label_text_font_size = "0px"
        figure.yaxis.major_tick_line_color = None
        figure.yaxis.axis_label = "all"
        figure.xaxis.visible = True
        tool = RangeTool(x_range=self._time)
        tool.overlay.fill_alpha = 0.15
        figure.add_tools(tool)
        return figure

    def _figure(self, title: str, height: int, y_range: Any) -> Any:
        from bokeh.models import BoxZoomTool, CrosshairTool, CustomJS, WheelZoomTool  # noqa: PLC0415
        from bokeh.plotting import figure as bokeh_figure  # noqa: PLC0415

        figure = bokeh_figure(
            height=height, x_range=self._time, y_range=y_range, tools="", x_axis_type="datetime",
            sizing_mode="stretch_width", toolbar_location=None, y_axis_label=title,
        )  # fmt: skip
        # without a modifier the wheel scrolls the page
        figure.add_tools(
            BoxZoomTool(dimensions="width"),
            WheelZoomTool(dimensions="width", modifiers="ctrl"),
            CrosshairTool(dimensions="height", overlay=self._cross),
        )
        figure.js_on_event("mousemove", CustomJS(code="window.dmsReport.pointed(cb_obj.x)"))
        figure.js_on_event("doubletap", CustomJS(code="window.dmsReport.whole()"))
        figure.add_layout(self._here)
        self._style(figure)
        return figure

    def _style(self, figure: Any) -> None:
        from bokeh.models import DatetimeTickFormatter  # noqa: PLC0415

        figure.xaxis.formatter = DatetimeTickFormatter(
            milliseconds=_EACH_MS, seconds=_EACH_S, minsec=_EACH_S, minutes=_EACH_S, hourmin=_EACH_S, hours=_EACH_S,
            days=_EACH_S,
        )  # fmt: skip
        figure.xaxis.visible = False
        figure.min_border_left = _LEFT_PX
        figure.min_border_right = _RIGHT_PX
        figure.outline_line_color = PALE
        figure.yaxis.major_label_text_font_size = "11px"
        figure.yaxis.axis_label_text_font_size = "11px"
        figure.yaxis.axis_label_text_font_style = "normal"
        figure.yaxis.minor_tick_line_color = None

    def _bars(self, figure: Any, height: float) -> Any:
        shape = {"y": "lane", "left": "start", "right": "end", "height": height}
        bars = figure.hbar(**shape, source=self._sources["spans"], fill_color="colour", line_color="colour")
        # a hatch that may differ from bar to bar costs a canvas for each of them: seconds for an hour
        figure.hbar(
            **shape, source=self._sources["hatched"], fill_color=None, line_color=None,
            hatch_pattern="right_diagonal_line", hatch_color=GREY, hatch_alpha=0.5, hatch_scale=7,
        )  # fmt: skip
        return bars

    def _marks(self, figure: Any, size: int) -> Any:
        return figure.scatter(
            x="t", y="lane", marker="marker", size=size, source=self._sources["marks"], fill_color="colour",
            line_color=BLACK, line_width=1.5,
        )  # fmt: skip
