"""Runs this service and what people install otherwise over the same clips, and writes docs/beside.md.

    python studies/beside_others.py ../shared/data/drives --out docs/beside.md

DRIVES holds videos with NAME.events.csv beside them. The environments are made in --work once and stay there, and so
does what the others found, which no change of ours moves; the recording of the costs is made from the sample drive.
"""

import argparse
import json
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from beside.camera import camera, jpegs
from beside.daemons import running, shares
from beside.environments import OLD, ROOT
from beside.meter import Cost, measure, ratio
from beside.page import write
from beside.results import Budget, Found, Row
from beside.systems import System, builds, clip_readers, others

from dms.alerts.mosquitto import mosquitto
from dms.demo import SAMPLE_DRIVE

ROUNDS, HELP_ROUNDS, START_ROUNDS = 3, 5, 3
CAMERA_S = 60.0
PAIRS = {True: ("five.mp4", "one.mp4"), False: ("one.mp4", "short.mp4")}
"""The long and the short recording, for the quick systems and the others."""


def recordings(scratch: Path) -> dict[str, int]:
    """Make the recordings of the costs; gives their frames."""
    cuts = {"five.mp4": ["-stream_loop", "4"], "one.mp4": [], "short.mp4": ["-t", "5"]}
    for name, arguments in cuts.items():
        command = [
            "ffmpeg",
            "-v",
            "error",
            "-y",
            *arguments,
            "-i",
            str(SAMPLE_DRIVE),
            "-c",
            "copy",
            str(scratch / name),
        ]
        subprocess.run(command, check=True)
    probe = ["ffprobe", "-v", "error", "-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0"]
    return {
        name: int(subprocess.run([*probe, scratch / name], capture_output=True, text=True, check=True).stdout)
        for name in cuts
    }


def costs(systems: Sequence[System], scratch: Path) -> dict[tuple[str, str], list[Cost]]:
    """Cost of each system on its recordings, one after the other: side by side they would empty each other's caches.

    Round follows round, so that neighbours who come and go are there for each.
    """
    taken: dict[tuple[str, str], list[Cost]] = {}
    for number in range(ROUNDS):
        for which in (0, 1):
            for system in systems:
                if not (system.quick or number == 0):
                    continue
                recording = PAIRS[system.quick][which]
                out = scratch / "out" / f"{system.key}-{recording}-{number}"
                one = measure(system.watch(out, [scratch / recording]), system.variables)
                taken.setdefault((system.key, recording), []).append(one)
                print(f"{system.key} {recording}: {one.cpu_s:.2f} s, {one.rss_mb:.0f} MB", file=sys.stderr)
    return taken


def find(system: System, drives: Path, out: Path) -> dict[str, object]:
    """What ``dms score`` says of a system on the labelled clips."""
    clips = sorted(
        path for path in drives.iterdir() if path.suffix != ".csv" and (drives / f"{path.stem}.events.csv").exists()
    )
    if not (out / "done").exists():
        shutil.rmtree(out, ignore_errors=True)
        measure(system.watch(out, clips), system.variables)
        (out / "done").touch()
    scored = subprocess.run(
        [sys.executable, "-m", "dms", "score", str(out), "--labels", str(drives), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    report: dict[str, object] = json.loads(scored.stdout)
    return report


def row(
    system: System,
    score: Mapping[str, object],
    taken: Mapping[tuple[str, str], list[Cost]],
    frames: Mapping[str, int],
) -> Row:
    """Everything of one system."""
    long, short = PAIRS[system.quick]
    more_s = median(cost.cpu_s for cost in taken[system.key, long]) - (
        short_s := median(cost.cpu_s for cost in taken[system.key, short])
    )
    frame_s = more_s / (frames[long] - frames[short])
    return Row(
        system.title,
        system.environment.versions(system.names),
        frame_s * 1000,
        short_s - frame_s * frames[short],
        max(cost.rss_mb for cost in taken[system.key, long]),
        system.environment.installed_mb(),
        {kind: Found.of(score[kind]) for kind in system.told},  # type: ignore[arg-type]
    )


def budgets(
    new: Sequence[System], old: Sequence[System], taken: Mapping[tuple[str, str], list[Cost]], scratch: Path
) -> tuple[list[Budget], str]:
    """The ratios to the old build and to Face Mesh."""

    def spent(system: str) -> list[float]:
        return [cost.cpu_s for cost in taken[system, "five.mp4"]]

    pairs = list(zip(new, old, strict=True))
    helps: dict[str, list[float]] = {}
    starts: dict[str, list[float]] = {}
    for _ in range(HELP_ROUNDS):
        for one in (*new, *old):
            helps.setdefault(one.key, []).append(measure([one.environment.command, "--help"]).cpu_s)
    with mosquitto() as broker, camera(jpegs(SAMPLE_DRIVE)) as address:
        if broker is None:
            sys.exit("Mosquitto is needed and is not here")
        for number in range(START_ROUNDS):
            for one in (*new, *old):
                with running(one, address, broker, scratch / f"{one.key}-start{number}") as daemon:
                    starts.setdefault(one.key, []).append(daemon.first_frame())
        watched = [shares(pair, address, broker, scratch, CAMERA_S) for pair in pairs]

    def over(costs_of: Mapping[str, list[float]]) -> list[float]:
        return [ratio(costs_of[mine.key], costs_of[its.key]) for mine, its in pairs]

    told = "; ".join(
        f"{mine.title}: {these[0].words()}, {OLD}: {these[1].words()}"
        for (mine, _), these in zip(pairs, watched, strict=True)
    )
    return [
        Budget(
            "CPU of a replay over Face Mesh with its rule",
            ROUNDS,
            [ratio(spent(one.key), spent("mesh")) for one in new],
            (0.8, 0.4),
        ),
        Budget(
            f"CPU of a replay over {OLD}",
            ROUNDS,
            [ratio(spent(mine.key), spent(its.key)) for mine, its in pairs],
            (0.5, 0.5),
        ),
        Budget(f"CPU of `dms --help` over {OLD}", HELP_ROUNDS, over(helps), (0.5, 0.5)),
        Budget(f"CPU of `dms run` to its first judged frame over {OLD}", START_ROUNDS, over(starts), (0.8, 0.8)),
        Budget(
            f"CPU of `dms run` for each judged frame of a 640x480 MJPEG camera, 15 frames/s, over {OLD}",
            1,
            [these[0].frame_ms / these[1].frame_ms for these in watched],
            (0.5, 0.5),
        ),
    ], f"`dms run` on the camera for {CAMERA_S:g} s, both builds at the same time, peak memory since the start: {told}."


def machine() -> str:
    """The processor and how busy the machine is."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    count, busy = sum(line.startswith("processor") for line in lines), Path("/proc/loadavg").read_text().split()[0]
    return f"{name}, {count} cores, load {busy} when it began"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("drives", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "beside.md")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "dms-beside")
    parser.add_argument("--cnn10", type=Path, help="a trained net, as `dms train cnn10` leaves it")
    options = parser.parse_args()
    scratch = options.work / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    here = machine()
    new, old = builds(options.work, scratch)
    rivals = others(options.work, scratch, options.cnn10)
    frames = recordings(scratch)
    taken = costs([*new, *old, *rivals], scratch)
    ratios, told = budgets(new, old, taken, scratch)
    readers = clip_readers(options.work, scratch)
    scores = {
        one.key: find(reader, options.drives, scratch / "clips" / one.key)
        for one, reader in zip(new, readers, strict=True)
    }
    scores |= {one.key: find(one, options.drives, options.work / "clips" / one.key) for one in rivals}
    first = scores[new[0].key]
    commit = subprocess.run(
        ["git", "-C", str(ROOT), "describe", "--always", "--dirty"], capture_output=True, text=True, check=True
    ).stdout.strip()
    page = write(
        [row(one, scores[one.key], taken, frames) for one in (*new, *rivals)],
        ratios,
        told,
        {
            "command": shlex.join(["python", "studies/beside_others.py", *sys.argv[1:]]),
            "date": time.strftime("%Y-%m-%d"),
            "commit": commit,
            "machine": here,
            "clips": len(first["drives"]),  # type: ignore[arg-type]
            "hours": float(first["duration_s"]) / 3600,  # type: ignore[arg-type]
            "rounds": ROUNDS,
        },
        options.cnn10 is not None,
    )
    options.out.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
