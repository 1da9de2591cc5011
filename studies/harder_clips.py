#!/usr/bin/env python3
"""Say how near the edge the judgement of recorded drives is: see harder versions of them, and count what breaks.

usage: harder_clips.py see DRIVES OUT [VERSION...]
       harder_clips.py judge DRIVES OUT [VERSION...]

`see` writes OUT/VERSION/CLIP/trace.jsonl for every labelled clip of DRIVES and each version (all without), unless it
is there: the picture smaller, darker, blurred, mirrored, tilted, cropped, compressed, at fewer frames a second; or,
made of what was seen of the clip as it is, begun at or within a closure, played again and again, or its anger held for
12 s. "dark, anger held" is made of what was seen of the dark one. Labels move with them. `judge` judges it by the
present rules, holds that against the labels as `dms score` does, and prints a line for each version with what was
missed or falsely raised, and one for each half of the persons.
"""

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harder_versions import AS_IS, PICTURES, TIMES, Trace, see, sensor_noise

from dms.config.driver import DriverSettings
from dms.driver.monitor import DriverMonitor
from dms.driver.state import Eyes
from dms.observation import Observation
from dms.records.trace import TraceHeader, TraceWriter, read_trace
from dms.replay.benchmark import truth_at
from dms.replay.demands import DEMANDS
from dms.replay.label_files import read_labels
from dms.replay.labels import Label, LabelRow
from dms.replay.score import score

CHOSEN = "fellway", "film", "garden", "hdtf", "interview", "mead", "rak", "stock", "student", "webcam_proctor"
"""Persons whose clips rules were chosen on; the others are counted apart."""
SHUT_LONGER = {"fellway_smile": (16.55, 18.75), "pyfeat_sad_to_happy": (0.0, 6.5)}
"""Where eyes are shut beyond their label, seconds: alerts there are right, and the frames count nowhere."""


def beyond(drive: str) -> list[Label]:
    """Return a label that permits an alert and demands none, where eyes are shut beyond their labels."""
    return [Label(*SHUT_LONGER[drive], "lids_down_uncertain")] if drive in SHUT_LONGER else []


def write(out: Path, drive: Path, trace: Iterable[Observation], labels: list[Label]) -> None:
    folder = out / drive.stem
    folder.mkdir(parents=True, exist_ok=True)
    with TraceWriter(folder / "trace.jsonl.partial", TraceHeader(drive.name, f"harder {out.name}")) as file:
        for seen in trace:
            file.write(seen)
    (folder / "trace.jsonl.partial").replace(folder / "trace.jsonl")
    told = ["start_s,end_s,event", *(f"{one.start_s:.3f},{one.end_s:.3f},{one.event}" for one in labels)]
    labelled = out / "labels"
    labelled.mkdir(exist_ok=True)
    (labelled / f"{drive.stem}.events.csv").write_text("\n".join(told) + "\n")


def observations(trace: Path) -> Trace:
    return [seen for seen in read_trace(trace)[1] if isinstance(seen, Observation)]


def see_all(drives: dict[Path, Path], out: Path, versions: list[str]) -> None:
    noise = sensor_noise()
    needed = [name for asked in versions for name in (parts(asked)[0], asked)]
    for version in dict.fromkeys([AS_IS, *needed]):
        pictures, times = parts(version)
        for drive, table in drives.items():
            if (out / version / drive.stem / "trace.jsonl").exists():
                continue
            labels = [*read_labels(table), *beyond(drive.stem)]
            if times:
                seen = observations(out / pictures / drive.stem / "trace.jsonl")
                write(out / version, drive, *TIMES[times](seen, labels))
            else:
                whole = observations(out / AS_IS / drive.stem / "trace.jsonl") if version != AS_IS else None
                write(out / version, drive, see(drive, version, noise, whole), labels)
        print(version, "seen", flush=True)


def parts(version: str) -> tuple[str, str]:
    """Return the version of the pictures and that of the times, which may be none."""
    pictures, _, times = version.partition(", ")
    return (AS_IS, version) if version in TIMES else (pictures, times)


@dataclass(frozen=True)
class Result:
    """What one clip, or several, came to.

    Attributes:
        demanded: Labels that demand an alert, by kind.
        found: Those that got one.
        delays_s: Of closures.
        false: Alerts without a reason, by kind.
        said: Frames by what the eyes truly were and what was said of them.
        notes: A line for everything missed and every false alert.
    """

    demanded: Counter[str]
    found: Counter[str]
    delays_s: list[float]
    false: Counter[str]
    said: Counter[tuple[str, Eyes]]
    notes: list[str]

    @classmethod
    def of(cls, results: Iterable["Result"]) -> "Result":
        """Return all of them as one."""
        whole = cls(Counter(), Counter(), [], Counter(), Counter(), [])
        for one in results:
            whole.demanded.update(one.demanded)
            whole.found.update(one.found)
            whole.delays_s.extend(one.delays_s)
            whole.false.update(one.false)
            whole.said.update(one.said)
            whole.notes.extend(one.notes)
        return whole

    def share(self, truth: str, answer: Eyes) -> str:
        """Return the share of the frames with this truth that got this answer, in per cent."""
        frames = sum(count for (true, _), count in self.said.items() if true == truth)
        return f"{self.said[truth, answer] / frames:.1%}" if frames else "-"

    def row(self) -> str:
        """Return the cells of the table."""
        worst = f"{max(self.delays_s):.1f}" if self.delays_s else "-"
        cells = (
            f"{self.found['fatigue']} of {self.demanded['fatigue']}",
            worst,
            f"{self.false['fatigue']}",
            f"{self.found['anger']} of {self.demanded['anger']}",
            f"{self.false['anger']}",
            self.share("closed", Eyes.CLOSED),
            self.share("open", Eyes.CLOSED),
            self.share("open", Eyes.UNKNOWN),
            self.share("look_down", Eyes.CLOSED),
        )
        return " | ".join(cells)


HEAD = (
    "version | closures found | worst delay s | false | angers found | false | closed said closed | open said closed | "
    "open unknown | look_down said closed"
)


def judged(trace: Trace, labels: list[Label], settings: DriverSettings, name: str) -> Result:
    """Judge a clip by the present rules and hold it against its labels, as `dms score` does."""
    monitor = DriverMonitor(settings)
    said: Counter[tuple[str, Eyes]] = Counter()
    messages = []
    for seen in trace:
        judgement = monitor.step(seen)
        truth = truth_at(seen.t - trace[0].t, labels)
        if truth is not None:
            said[truth, judgement.state.eyes] += 1
        messages += [
            {
                "t": alert.t,
                "event_id": f"{alert.kind}{alert.episode}",
                "kind": alert.kind,
                "phase": alert.phase,
                "level": alert.level,
                "evidence": alert.evidence,
            }
            for alert in judgement.alerts
        ]
    rows = [LabelRow(name, label) for label in labels]
    came = score(messages, rows, trace[-1].t)
    demanded, found, false, notes = Counter[str](), Counter[str](), Counter[str](), []
    for outcome in came.outcomes:
        kind = DEMANDS[outcome.label.event].kind
        demanded[kind] += 1
        found[kind] += outcome.raised is not None
        if outcome.raised is None:
            notes.append(
                f"missed {name} {outcome.label.event} {outcome.label.start_s:.1f} to {outcome.label.end_s:.1f}"
            )
    for alarm in came.false_alarms:
        false[alarm.raised.kind] += 1
        notes.append(f"false {name} {alarm.raised.level} {alarm.raised.t:.1f} {alarm.during or ''}")
    delays_s = [
        one.delay_s for one in came.outcomes if one.delay_s is not None and DEMANDS[one.label.event].kind == "fatigue"
    ]
    return Result(demanded, found, delays_s, false, said, notes)


def judge_all(out: Path, versions: list[str], settings: DriverSettings) -> None:
    """Judge every version that was seen, and print the tables."""
    halves: dict[bool, list[Result]] = {True: [], False: []}
    print(HEAD)
    for version in versions:
        results: list[Result] = []
        for file in sorted((out / version).glob("*/trace.jsonl")):
            name = file.parent.name
            labels = read_labels(out / version / "labels" / f"{name}.events.csv")
            results.append(judged(observations(file), labels, settings, name))
            halves[name.startswith(CHOSEN)].append(results[-1])
        whole = Result.of(results)
        print(f"{version} | {whole.row()}", *whole.notes, sep="\n    ", flush=True)
    for chosen, of_half in halves.items():
        print(f"all, persons {'chosen on' if chosen else 'apart'} | {Result.of(of_half).row()}")


def main(command: str, drives: Path, out: Path, versions: list[str]) -> None:
    tables = {table.name.removesuffix(".events.csv"): table for table in sorted(drives.glob("*.events.csv"))}
    clips = {
        drive: tables[drive.stem]
        for drive in sorted(drives.iterdir())
        if drive.suffix != ".csv" and drive.stem in tables
    }
    versions = versions or [*PICTURES, *TIMES]
    if command == "see":
        see_all(clips, out, versions)
    else:
        judge_all(out, [version for version in versions if (out / version).is_dir()], DriverSettings())


if __name__ == "__main__":
    if len(sys.argv) < 4 or sys.argv[1] not in {"see", "judge"}:
        sys.exit(__doc__)
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
