"""Several recordings as one drive: each begins when it was taken, and what lies between two is a gap.

Takes recordings in their order, yields ``Frame`` with times since the start of the first.
"""

from collections import Counter
from collections.abc import Callable, Generator, Sequence

from dms.errors import UserError
from dms.frames.frame import Frame
from dms.frames.parts import Part, Parts
from dms.frames.recording import Recording
from dms.frames.report import LeftOut, RecordingReport

_EXACT_S = 1.5
"""Names have whole seconds: what begins within this of the end of the part before follows it without a gap."""


class JoinedRecording:
    """The parts of a drive as one.

    Args:
        name: What the drive is called.
        parts: The files in their order.
        open_part: Opens one of them.

    Raises:
        UserError: Not one of them can be opened.
    """

    live = False

    def __init__(self, name: str, parts: Parts, open_part: Callable[[Part], Recording]) -> None:
        self.name = name
        self.report = RecordingReport()
        self._by = parts.by
        self._parts: list[tuple[Part, Recording]] = []
        self._broken: list[str] = []
        for part in parts.parts:
            try:
                self._parts.append((part, open_part(part)))
            except UserError as error:
                self._broken.append(f"left out: {error}")
        if not self._parts:
            raise UserError(f"{name}: not one of its {len(parts.parts)} parts can be read: {self._broken[0]}")
        self.duration_s = self._length()

    def _length(self) -> float | None:
        lengths = [recording.duration_s for _, recording in self._parts]
        start_s = self._parts[-1][0].start_s
        if start_s is not None and lengths[-1] is not None:
            return start_s + lengths[-1]
        known = [length for length in lengths if length is not None]
        return sum(known) if len(known) == len(lengths) else None

    def frames(self) -> Generator[Frame, None, None]:
        """Yield the pictures of all parts, in order of time.

        Raises:
            UserError: There is none that can be decoded.
        """
        notes = _Notes(self._broken)
        reports: list[RecordingReport] = []
        next_s = end_t = 0.0
        broke_off = 0
        for part, recording in self._parts:
            start_s = notes.begin(part, next_s)
            given = 0
            try:
                for frame in recording.frames():
                    end_t = round(start_s + frame.t, 6)
                    given += 1
                    yield Frame(end_t, frame.image, frame.colours)
            except UserError as error:
                if given:
                    # what it gave was judged: the next part comes after it
                    next_s = end_t + (end_t - start_s) / max(1, given - 1)
                    notes.broken.append(f"breaks off after {end_t - start_s:.1f} s: {error}")
                    broke_off += given
                else:
                    notes.broken.append(f"left out: {error}")
                continue
            report = recording.report
            notes.end(part, report, last=recording is self._parts[-1][1])
            reports.append(report)
            end_t = round(start_s + report.end_t, 6)
            next_s = end_t + report.end_t / max(1, report.decoded - 1)
        if not (reports or broke_off):
            raise UserError(f"{self.name}: its parts hold no frame that can be decoded")
        left_out: Counter[LeftOut] = Counter()
        for report in reports:
            left_out.update(report.left_out)
        self.report = RecordingReport(
            sum(report.decoded for report in reports) + broke_off,
            dict(left_out),
            sum(report.undecodable for report in reports),
            end_t,
            reports[-1].missing_s if reports else 0.0,
            notes.lines(len(reports), self._by),
        )


class _Notes:
    """What a person should know of the parts."""

    def __init__(self, broken: Sequence[str]) -> None:
        self.broken = list(broken)
        self._gaps_s: list[float] = []
        self._early: list[str] = []
        self._told: list[str] = []

    def begin(self, part: Part, next_s: float) -> float:
        """Return when a part begins, given when the one before it ends."""
        if part.start_s is None or part.start_s - next_s <= _EXACT_S:
            if part.start_s is not None and next_s - part.start_s > _EXACT_S:
                self._early.append(part.path.name)
            return next_s
        self._gaps_s.append(part.start_s - next_s)
        return part.start_s

    def end(self, part: Part, report: RecordingReport, *, last: bool) -> None:
        """Report what the part says of itself."""
        self._told += [f"{part.path.name}: {note}" for note in report.notes]
        if report.missing_s and not last:
            self._told.append(f"{part.path.name}: its last {report.missing_s:.1f} s cannot be decoded")

    def lines(self, count: int, by: str) -> tuple[str, ...]:
        """Return all of it, a line each."""
        gaps = ""
        if self._gaps_s:
            gaps = f", {len(self._gaps_s)} gap{'s'[: len(self._gaps_s) > 1]} of {sum(self._gaps_s):.1f} s in all"
        early = (
            [f"parts that begin before the one before them ends follow it: {', '.join(self._early)}"]
            if self._early
            else []
        )
        return (f"{count} parts in the order of {by}{gaps}", *early, *self.broken, *self._told)
