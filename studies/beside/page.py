"""Writes the page."""

from collections.abc import Sequence
from pathlib import Path

from beside.results import Budget, Row, table
from beside.workers.rules import ANGRY_S, CLOSED_EAR, CLOSED_S

PAGE = Path(__file__).parent / "page.md"


def write(
    rows: Sequence[Row],
    budgets: Sequence[Budget],
    shares: str,
    about: dict[str, object],
    trained: bool,
) -> str:
    """The page as text; ``about`` has command, date, commit, machine, clips, hours and rounds."""
    cnn10 = (
        "The net is the papers' cnn10, trained by `dms train cnn10`; anger is its strongest answer for "
        f"{ANGRY_S:g} s on end."
        if trained
        else "The net is the papers' cnn10, untrained, since no weights are published: it costs the same, its paper "
        "reports 68.34 % of FER2013, and whether it finds anger here is not measured."
    )
    return PAGE.read_text(encoding="utf-8").format(
        **about,
        found=table(
            (
                "system",
                "closures",
                "delay s",
                "false fatigue alarms an hour",
                "anger",
                "delay s",
                "false anger alarms an hour",
            ),
            [[row.title, *_cells(row, "fatigue"), *_cells(row, "anger")] for row in rows],
        ),
        costs=table(
            ("system", "versions", "ms a further frame", "start s", "peak MB", "installed MB"),
            [
                [
                    row.title,
                    row.versions,
                    f"{row.frame_ms:.2f}",
                    f"{row.start_s:.2f}",
                    f"{row.peak_mb:.0f}",
                    f"{row.installed_mb:.0f}",
                ]
                for row in rows
            ],
        ),
        budgets=table(
            ("measure", "Python 3.11, tflite-runtime", "Python 3.13, LiteRT", "pairs"), [one.cells() for one in budgets]
        ),
        shares=shares,
        cnn10=cnn10,
        ear=CLOSED_EAR,
        closed=CLOSED_S,
        angry=ANGRY_S,
    )


def _cells(row: Row, kind: str) -> list[str]:
    return row.kinds[kind].cells() if kind in row.kinds else ["-"] * 3
