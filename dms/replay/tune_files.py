"""The files of a tuning: the chosen limits, every point, a picture of them.

Take a ``Tuned``, write into a folder. The picture needs the extra ``pictures`` (matplotlib).
"""

import csv
from pathlib import Path

from dms.errors import UserError
from dms.replay.points import Point, frontier
from dms.replay.tune import Tuned

LIMITS, POINTS, PICTURE = "tuned.toml", "points.csv", "points.svg"
"""What the files are called."""


def write_files(tuned: Tuned, out: Path) -> list[str]:
    """Write the files of a tuning.

    Args:
        tuned: What was found.
        out: The folder; made when absent.

    Returns:
        What could not be written and why, a line each.

    Raises:
        UserError: The folder cannot be made or written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / LIMITS).write_text(tuned.toml(), encoding="utf-8")
        _write_points(tuned, out / POINTS)
        return _draw(tuned, out / PICTURE)
    except OSError as error:
        problem = f"{error.filename or out}: cannot be written ({error.strerror})"
        raise UserError(f"{problem}: give --out a folder that can be made and written") from error


def _write_points(tuned: Tuned, path: Path) -> None:
    keys = [vary.key for vary in tuned.grid.varied]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            [
                *keys,
                *("demanded", "hits", "found_share", "found_low", "found_high"),
                *("false_alarms", "an_hour", "an_hour_low", "an_hour_high", "delay_s"),
            ]
        )
        for point in tuned.points:
            found, rate = point.found or (None,) * 3, point.an_hour or (None,) * 3
            values = [point.limits.values[key] for key in keys]
            writer.writerow([*values, point.demanded, point.hits, *found, point.false_alarms, *rate, point.delay_s])


def _draw(tuned: Tuned, path: Path) -> list[str]:
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra, and slow to import
    except ImportError:
        return [f"no {path.name}: it needs matplotlib (pip install 'dms[pictures]')"]
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot(*_places(tuned.points), "o", color="0.75", label=f"{len(tuned.points)} combinations")
    edge = frontier(tuned.points, tuned.grid)
    axes.step(*_places(edge), where="post", marker="o", color="tab:blue", label="the best of them")
    for point, name, colour in ((tuned.present, "present", "tab:orange"), (tuned.chosen, "chosen", "tab:green")):
        found, rate = point.found, point.an_hour
        if found is None or rate is None:
            continue
        across, up = ([[one[0] - one[1]], [one[2] - one[0]]] for one in (rate, found))
        axes.errorbar([rate[0]], [found[0]], up, across, fmt="o", capsize=3, color=colour, label=f"{name} (95 %)")
    axes.set(xlabel="false alarms an hour", ylabel="share of the demanded alerts that was found", ylim=(-0.02, 1.02))
    axes.set_xlim(left=0.0)
    axes.grid(alpha=0.3)
    axes.legend()
    # the same points give the same file
    figure.savefig(path, metadata={"Date": None})
    return []


def _places(points: list[Point] | tuple[Point, ...]) -> tuple[list[float], list[float]]:
    known = [(rate[0], found[0]) for one in points if (rate := one.an_hour) and (found := one.found)]
    return [x for x, _ in known], [y for _, y in known]
