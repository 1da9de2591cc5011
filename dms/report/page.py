"""The page: one HTML file with everything in it, which opens without a network.

Takes drives, gives the text of the page. The drives' curves are thinned until the page is small enough.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any

from dms.config.driver import DriverSettings
from dms.errors import UserError
from dms.report.charts import COMPARED, OLD, charts, limits_of
from dms.report.drives import ReportDrive
from dms.report.look import HATCHED, INK, TONES
from dms.report.pack import deflated, pack, thin
from dms.report.table import columns_of, rows_of
from dms.report.timeline import Curves, Lane, Mark, Span, Timeline, Wrong

PAGE_BYTES = 2_000_000
"""A page may be this large."""

_DARK = frozenset({"fatigued", "asleep", "unresponsive", "angry", "closed"})
"""Tones on which text is white."""
_LANES = (Lane.LABELS, Lane.ALERTS, Lane.CONDITION, Lane.EYES)
_READINGS = (
    (("right_eye", "left_eye"), "eyes closed, right / left", 2),
    (("perclos", "valid_share"), "PERCLOS / eyes known", 2),
    (("yaw", "pitch", "roll"), "yaw / pitch / roll, degrees", 0),
    (("yawn", "looking_down"), "yawn / looking down", 2),
    (("anger_score", "anger", "happiness"), "anger above rest / anger / happiness", 2),
)
"""Curves whose values stand above the charts, their title and their decimals."""
_LEAST_SHARE = 0.002
"""With fewer of their points curves say nothing."""


@dataclass(frozen=True, slots=True)
class Head:
    """What stands at the top of the page.

    Attributes:
        title: What it is about.
        told: What came out, in a sentence.
        source: What it was made from.
        notes: What a person should know, a line each.
    """

    title: str
    told: str
    source: str
    notes: tuple[str, ...] = ()


def page(drives: Sequence[ReportDrive], settings: DriverSettings, head: Head, version: str) -> str:
    """Make the page.

    Args:
        drives: What went wrong first.
        settings: Limits to draw.
        head: Its first lines.
        version: Of the program.

    Raises:
        UserError: What draws it is not installed, or there are too many drives for one page.
    """
    try:
        from bokeh import __version__ as bokeh_version  # noqa: PLC0415  # an extra
        from bokeh.resources import Resources  # noqa: PLC0415
        from jinja2 import Environment  # noqa: PLC0415
        from markupsafe import Markup  # noqa: PLC0415
    except ImportError as error:
        raise UserError("a report needs the extra report: pip install 'dms[report]'") from error
    old = any(drive.old is not None for drive in drives)
    lanes = [name for lane in _LANES for name in _rows(lane, old=old)]
    data: dict[str, Any] = {
        "charts": charts(lanes, limits_of(settings), old=old),
        "lanes": lanes,
        "tones": {name: _tone(name) for name in TONES},
        "readings": _READINGS,
        "drives": [_drive(drive) for drive in drives],
    }
    # a quarter of its size, which is room for hours of curves, and inflated within 20 ms
    library = deflated(Resources("inline").js_raw[0].encode())
    template = Environment(autoescape=True, trim_blocks=True).from_string(_asset("page.html"))

    def render(curves: Sequence[Mapping[str, Any]], share: float) -> str:
        # nothing of a user is in the scripts, and what is in the JSON is escaped
        scripts = {
            "css": _asset("report.css"),
            "bokeh": library,
            "data": _json({**data, "curves": curves}),
            "js": _asset("report.js"),
        }
        made: str = template.render(
            title=head.title,
            told=head.told,
            source=head.source,
            notes=head.notes,
            version=version,
            columns=columns_of(drives),
            rows=rows_of(drives),
            old=old,
            share=share,
            bokeh_version=bokeh_version,
            **{name: Markup(script) for name, script in scripts.items()},
        )
        return made

    # the words for a page that holds only a share of the points are the longer ones
    room = PAGE_BYTES - len(render([], 0.5).encode())
    curves, share = _fitting(lambda share: [_curves(drive, share) for drive in drives], room)
    return render(curves, share)


def _fitting(curves: Callable[[float], list[dict[str, Any]]], room: int) -> tuple[list[dict[str, Any]], float]:
    """Curves of as many points as fit into so many bytes, and the share of the points that this is."""
    share = 1.0
    while True:
        made = curves(share)
        size = len(_json(made))
        if size <= room:
            return made, share
        share *= 0.95 * room / size
        if share < _LEAST_SHARE:
            raise UserError("one page of 2 MB cannot hold so many hours: report on fewer drives at once")


def _rows(lane: Lane, *, old: bool) -> Iterator[str]:
    yield lane.value
    if old and lane in (Lane.ALERTS, Lane.CONDITION):
        yield _old(lane)


def _old(lane: str) -> str:
    return f"{lane}, old"


def _tone(name: str) -> tuple[str, str, bool]:
    """Colour, colour of text on it, whether it is hatched."""
    return TONES[name], "#ffffff" if name in _DARK else INK, name in HATCHED


def _drive(drive: ReportDrive) -> dict[str, Any]:
    """Return everything of a drive but its curves; what there may be a lot of is deflated."""
    spans = [_span(span, span.lane.value) for span in drive.now.spans]
    if drive.old is not None:
        spans += [
            _span(span, _old(span.lane)) for span in drive.old.spans if span.lane in (Lane.ALERTS, Lane.CONDITION)
        ]
    about = {
        "spans": spans,
        "marks": [_mark(mark) for mark in drive.now.marks],
        "notes": drive.now.notes,
        "nothing": "no alert" if drive.score is None else "no alert, and no label that demands one",
    }
    return {
        "name": drive.name,
        "duration_s": max(1.0, drive.now.duration_s),
        "about": deflated(json.dumps(about, separators=(",", ":")).encode()),
    }


def _mark(mark: Mark) -> dict[str, Any]:
    told = {**asdict(mark), "kind": mark.kind.value, "t": round(mark.t, 3), "end_s": round(mark.end_s, 3)}
    return {name: value for name, value in told.items() if value is not None}


def _span(span: Span, lane: str) -> tuple[str, float, float, str, str, str]:
    return lane, round(span.start_s, 3), round(span.end_s, 3), span.text, span.tone, span.detail


def _curves(drive: ReportDrive, share: float) -> dict[str, Any]:
    """Return the curves of a drive with so large a share of their points."""
    moments = [mark.t for mark in drive.now.marks if mark.kind is not Wrong.FOUND]
    packed = _both(drive.now, share, moments)
    if drive.old is not None:
        old = Timeline(drive.old.duration_s, _compared(drive.old.fast), _compared(drive.old.slow), ())
        packed.update({OLD + name: curves for name, curves in _both(old, share, moments).items()})
    return packed


def _both(run: Timeline, share: float, moments: Sequence[float]) -> dict[str, Any]:
    # averages over seconds have few points and say most
    shares = (("fast", run.fast, share), ("slow", run.slow, math.sqrt(share)))
    return {name: pack(thin(curves, round(len(curves.t) * part), moments)) for name, curves, part in shares}


def _compared(curves: Curves) -> Curves:
    return Curves(curves.t, {name: values for name, values in curves.values.items() if name in COMPARED})


def _asset(name: str) -> str:
    return (resources.files("dms.report") / "assets" / name).read_text(encoding="utf-8")


def _json(value: Any) -> str:
    # "<" would end a script where a drive is called "</script>"
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")
