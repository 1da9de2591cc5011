"""Scores a folder of replayed drives against a folder of labels, as one table.

Takes what ``dms replay`` left of several drives and the ``*.events.csv`` beside their videos, gives a ``Benchmark``:
closures and anger found, delays, false alarms an hour with their interval, and what was said of each frame whose
truth is known. Never looks at a picture.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from dms.config.driver import DriverSettings
from dms.driver.monitor import DriverMonitor
from dms.driver.state import AlertKind, Eyes
from dms.observation import Observation
from dms.records.trace import read_trace
from dms.replay.demands import DEMANDS
from dms.replay.labelled import LabelledDrive, LabelledDrives
from dms.replay.labels import Label, in_order
from dms.replay.rates import per_hour
from dms.replay.results import TRACE
from dms.replay.score import Score, together
from dms.wording import counted

EDGE_S = 0.2
"""Time left out on either side of a label's ends: labels are good to 0.1 s, and lids take a moment to move."""
TRUTHS = ("open", "closed", "look_down")
"""What the eyes of a labelled drive can truly be; frames under any label that hides or half shuts them have none."""
NO_TRUTH = frozenset(
    {"blink", "drowsy", "face_away", "face_missing", "hand_over_face", "lids_down_uncertain", "microsleep"}
)
"""Labels under which nobody can say of each frame whether the eyes are open."""


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames by what the eyes truly were and what was said of them.

    Attributes:
        counts: ``{(truth, answer): frames}`` with the truths of ``TRUTHS``.
        known: Frames of labelled drives in which the eyes were known.
        total: All frames of labelled drives.
    """

    counts: Mapping[tuple[str, Eyes], int]
    known: int
    total: int

    def share(self, truth: str, answer: Eyes) -> float | None:
        """Return the share 0..1 of the frames with this truth that got this answer, None without such frames."""
        whole = sum(self.counts.get((truth, one), 0) for one in Eyes)
        return self.counts.get((truth, answer), 0) / whole if whole else None


@dataclass(frozen=True, slots=True)
class Drive:
    """One labelled drive and its score."""

    name: str
    score: Score
    frames: Frames


@dataclass(frozen=True, slots=True)
class Benchmark:
    """How well all labelled drives were judged.

    Attributes:
        drives: By name.
        found: Where they come from, and what has no labels or no results.
    """

    drives: tuple[Drive, ...]
    found: LabelledDrives

    @property
    def whole(self) -> Score:
        """All drives as one."""
        return together(drive.score for drive in self.drives)

    @property
    def frames(self) -> Frames:
        """The frames of all drives."""
        counts: Counter[tuple[str, Eyes]] = Counter()
        for drive in self.drives:
            counts.update(drive.frames.counts)
        frames = [drive.frames for drive in self.drives]
        return Frames(counts, sum(one.known for one in frames), sum(one.total for one in frames))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know of the labels and of what was left out."""
        return (*self.whole.warnings, *self.found.warnings)

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        frames = self.frames
        return {
            "drives": [{"name": drive.name, **drive.score.to_json()} for drive in self.drives],
            "unlabelled": list(self.found.unlabelled),
            "missing": list(self.found.missing),
            "unfinished": list(self.found.unfinished),
            "duration_s": self.whole.duration_s,
            **{kind.value: asdict(tally) for kind, tally in self._tallies().items()},
            "frames": {
                truth: {answer.value: frames.counts.get((truth, answer), 0) for answer in Eyes} for truth in TRUTHS
            },
            "known_share": frames.known / frames.total if frames.total else None,
            "warnings": list(self.warnings),
        }

    def text(self) -> str:
        """Return everything as tables for people."""
        whole, frames = self.whole, self.frames
        lines = [f"{counted(len(self.drives), 'labelled drive')}, {whole.duration_s / 3600:.2f} h", ""]
        lines += [f"{'':<10}{'found':>9}{'delay s: median':>17}{'worst':>7}{'false':>7}{'an hour (95 %)':>24}"]
        lines += [tally.row(kind) for kind, tally in self._tallies().items()]
        lines += ["", f"{'eyes truly':<12}{'frames':>8}" + "".join(f"{'said ' + one:>14}" for one in Eyes)]
        for truth in TRUTHS:
            count = sum(frames.counts.get((truth, one), 0) for one in Eyes)
            shares = [frames.share(truth, one) for one in Eyes]
            lines.append(
                f"{truth:<12}{count:>8}" + "".join("-".rjust(14) if s is None else f"{s:>14.1%}" for s in shares)
            )
        if frames.total:
            lines.append(f"eyes known in {frames.known / frames.total:.1%} of {frames.total} frames")
        wrong = [line for drive in self.drives for line in _wrong(drive)]
        if self.drives:
            lines += ["", *(wrong or ["nothing missed, no false alarm"])]
        if self.found.unlabelled:
            lines.append(f"not scored, since they have no labels: {counted(len(self.found.unlabelled), 'drive')}")
        return "\n".join(lines)

    def _tallies(self) -> dict[AlertKind, "Tally"]:
        whole = self.whole
        return {kind: Tally.of(kind, whole) for kind in AlertKind}


@dataclass(frozen=True, slots=True)
class Tally:
    """One kind of alert over all drives.

    Attributes:
        demanded: Labels that demand an alert.
        found: Those that got one.
        delays_s: Of those, shortest first.
        false_alarms: Alerts without a reason.
        an_hour: Those per hour, with the ends of the 95 % interval; None when no time was scored.
    """

    demanded: int
    found: int
    delays_s: tuple[float, ...]
    false_alarms: int
    an_hour: tuple[float, float, float] | None

    @classmethod
    def of(cls, kind: AlertKind, whole: Score) -> "Tally":
        """Count one kind in a score."""
        outcomes = [outcome for outcome in whole.outcomes if DEMANDS[outcome.label.event].kind is kind]
        false = sum(alarm.raised.kind == kind for alarm in whole.false_alarms)
        return cls(
            len(outcomes),
            sum(outcome.raised is not None for outcome in outcomes),
            tuple(sorted(outcome.delay_s for outcome in outcomes if outcome.delay_s is not None)),
            false,
            per_hour(false, whole.duration_s) if whole.duration_s > 0 else None,
        )

    def row(self, name: str) -> str:
        """Return everything as a row of the table."""
        delays = f"{median(self.delays_s):>17.2f}{self.delays_s[-1]:>7.2f}" if self.delays_s else f"{'-':>17}{'-':>7}"
        rate = "{:.1f} ({:.1f} to {:.1f})".format(*self.an_hour) if self.an_hour is not None else "-"
        return f"{name:<10}{f'{self.found} of {self.demanded}':>9}{delays}{self.false_alarms:>7}{rate:>24}"


def _wrong(drive: Drive) -> Iterable[str]:
    for outcome in drive.score.outcomes:
        if outcome.raised is None:
            label = outcome.label
            yield f"missed  {drive.name}: {label.event} {label.start_s:.2f} to {label.end_s:.2f} s"
    for alarm in drive.score.false_alarms:
        during = f" during {alarm.during}" if alarm.during else ""
        yield f"false   {drive.name}: {alarm.raised.level} at {alarm.raised.t:.2f} s{during}"


def benchmark(found: LabelledDrives, settings: DriverSettings) -> Benchmark:
    """Score all drives that a replay left in a folder.

    Args:
        found: The drives and their labels.
        settings: Limits by which the eyes of each frame are read.

    Raises:
        UserError: A file is broken.
    """
    return Benchmark(tuple(_drive(drive, settings) for drive in found.drives), found)


def _drive(drive: LabelledDrive, settings: DriverSettings) -> Drive:
    trace = drive.file.parent / TRACE
    labels = in_order(drive.labels)
    # the replay of a trace leaves none beside its events
    frames = _frames(trace, labels, settings) if trace.is_file() else Frames({}, 0, 0)
    return Drive(drive.name, drive.score(), frames)


def _frames(trace: Path, labels: Sequence[Label], settings: DriverSettings) -> Frames:
    """Judge a trace again and compare what was said of the eyes with what they were."""
    header, events = read_trace(trace)
    monitor = DriverMonitor(settings, header.baseline)
    counts: Counter[tuple[str, Eyes]] = Counter()
    known = total = 0
    start_t: float | None = None
    for event in events:
        if not isinstance(event, Observation):
            monitor.receive(event)
            continue
        eyes = monitor.step(event).state.eyes
        start_t = event.t if start_t is None else start_t
        total += 1
        known += eyes is not Eyes.UNKNOWN
        truth = truth_at(event.t - start_t, labels)
        if truth is not None:
            counts[truth, eyes] += 1
    return Frames(counts, known, total)


def truth_at(t: float, labels: Sequence[Label]) -> str | None:
    """Return what the eyes truly are at a moment, None where the labels do not say.

    Args:
        t: Seconds from the start of the drive.
        labels: All of them; where there is none, the eyes are open.
    """
    near = [label for label in labels if label.start_s - EDGE_S <= t <= label.end_s + EDGE_S]
    if any(label.event in NO_TRUTH for label in near):
        return None
    shut = [label for label in near if label.event in {"eyes_closed", "asleep", "look_down"}]
    if not shut:
        return "open"
    inside = [label for label in shut if label.start_s + EDGE_S <= t <= label.end_s - EDGE_S]
    if len(shut) > 1 or not inside:
        return None
    return "look_down" if inside[0].event == "look_down" else "closed"
