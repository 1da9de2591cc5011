"""Limits that are found by trying them over traces."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dms.cli.app import app
from dms.config import Config, load_config
from dms.config.driver import DriverSettings
from dms.driver.inputs import VehicleSpeed
from dms.errors import UserError
from dms.observation import HeadPose, Observation
from dms.records.trace import TraceHeader, TraceWriter, part_name
from dms.replay.labelled import LabelledDrive, labelled_drives
from dms.replay.labels import Label, LabelRow
from dms.replay.replay import replay_drives
from dms.replay.results import TRACE
from dms.replay.score import score
from dms.replay.sweep import sweep
from dms.replay.tune import Tuned, tune
from dms.replay.vary import grid, read_vary
from tests.conftest import until

KEY = "driver.closure.microsleep_s"
SECOND = "driver.closure.asleep_s=2:5:0.1"


def trace(path: Path, *closures: tuple[float, float], start_t: float = 0.0, seconds: float = 30.0) -> Path:
    """A drive at 10 frames a second in which the eyes are closed now and then."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with TraceWriter(path, TraceHeader(f"{path.parent.name}.mp4", "s")) as writer:
        writer.write(VehicleSpeed(start_t, 80.0))
        for i in range(round(seconds * 10)):
            eye = 0.95 if any(start <= i / 10 < end for start, end in closures) else 0.03
            t = start_t + i / 10
            writer.write(Observation(t, face=True, pose=HeadPose(0.0, 0.0, 0.0), left_eye=eye, right_eye=eye))
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two drives with a closure of 1.5 s each, which is sleep, and two of 1.1 s, which are none."""
    for name in ("a", "b"):
        trace(tmp_path / "out" / name / "trace.jsonl", (10.0, 11.5), (20.0, 21.1))
    rows = "".join(f"{name},10,11.5,eyes_closed\n{name},20,21.1,look_down\n" for name in "ab")
    (tmp_path / "labels.csv").write_text("drive,start_s,end_s,event\n" + rows)
    return tmp_path / "out"


def found(out: Path, *ranges: str, **more: object) -> Tuned:
    config = Config()
    drives = labelled_drives([out], [out.parent / "labels.csv"], TRACE).drives
    return tune(drives, grid(config, [read_vary(text, config) for text in ranges]), **more)  # type: ignore[arg-type]


class TestChosen:
    def test_false_alarms_go_and_every_hit_stays(self, out: Path) -> None:
        tuned = found(out, f"{KEY}=0.8:2.0:0.1")
        assert (tuned.present.hits, tuned.present.false_alarms) == (2, 2)
        assert (tuned.chosen.hits, tuned.chosen.false_alarms) == (2, 0)
        # the least change that does it
        assert tuned.chosen.limits.values[KEY] == 1.2

    def test_no_more_false_alarms_than_are_allowed(self, out: Path) -> None:
        tuned = found(out, f"{KEY}=1.0:2.0:0.1", most_an_hour=1000.0)
        assert tuned.chosen.false_alarms == 0, "of two that find as much, the one with fewer false alarms"
        doubts = found(out, f"{KEY}=1.0:1.1:0.1", most_an_hour=1.0).doubts
        assert doubts[0].startswith("nothing that was tried has 1 false")

    def test_the_present_limits_stay_where_nothing_is_better(self, out: Path) -> None:
        tuned = found(out, f"{KEY}=1.8:2.0:0.1")
        assert tuned.chosen is tuned.present
        assert "nothing that was tried is better" in tuned.text()

    def test_drives_that_are_held_out_check_the_choice_and_do_not_make_it(self, out: Path) -> None:
        # held in, this one would ask for a shorter closure
        trace(out / "c" / "trace.jsonl", *((t, t + 1.05) for t in (3.0, 8.0, 13.0, 18.0, 23.0)))
        rows = "".join(f"c,{t},{t + 1.05},eyes_closed\n" for t in (3, 8, 13, 18, 23))
        with (out.parent / "labels.csv").open("a") as file:
            file.write(rows)
        tuned = found(out, f"{KEY}=0.8:2.0:0.1", holdout=["c"])
        assert (tuned.drives, tuned.chosen.limits.values[KEY]) == (2, 1.2)
        assert tuned.held_out is not None
        assert tuned.held_out.worse == 5


class TestDoubted:
    def test_a_choice_that_rests_on_few_events(self, out: Path) -> None:
        assert (
            "the choice rests on 2 events (2 better, 0 worse): chance does as much in 50% of cases"
            in found(out, f"{KEY}=0.8:2.0:0.1").doubts
        )

    def test_a_choice_at_the_end_of_its_range(self, out: Path) -> None:
        doubts = found(out, f"{KEY}=0.8:1.2:0.1").doubts
        assert f"{KEY} = 1.2 lies at the end of its range: beyond it there may be better" in doubts

    def test_a_choice_that_no_other_drive_checks(self, out: Path) -> None:
        assert any("--holdout" in doubt for doubt in found(out, f"{KEY}=0.8:2.0:0.1").doubts)
        assert not any("--holdout" in doubt for doubt in found(out, f"{KEY}=0.8:2.0:0.1", holdout=["b"]).doubts)


def test_traces_give_what_their_replay_gives(tmp_path: Path) -> None:
    drive = trace(tmp_path / "a" / "trace.jsonl", (10.0, 14.0), (20.0, 21.1), start_t=1000.0)
    replay_drives([drive], Config(), tmp_path / "again")
    rows = (LabelRow("x:1", Label(10.0, 14.0, "eyes_closed")),)
    (part,) = sweep([LabelledDrive("a", drive, rows)], [DriverSettings()], workers=1)
    assert part.scores[0].text() == score(tmp_path / "again" / "events.jsonl", rows).text()
    assert part.scores[0].false_alarms, "there is something to compare"


def test_several_processes_give_what_one_gives(out: Path) -> None:
    config = Config()
    drives = labelled_drives([out], [out.parent / "labels.csv"], TRACE).drives
    limits = [one.driver for one in grid(config, [read_vary(f"{KEY}=0.8:2.0:0.1", config)]).tried]
    one, two = (
        {(part.drive, part.first + n): found for part in sweep(drives, limits, workers=workers)
         for n, found in enumerate(part.scores)}
        for workers in (1, 2)
    )  # fmt: skip
    assert one == two
    assert len(one) == len(drives) * len(limits)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="looks for processes in /proc")
def test_processes_end_with_the_one_that_started_them(out: Path) -> None:
    labels, ranges = str(out.parent / "labels.csv"), ("--vary", f"{KEY}=0.7:2.0:0.01", "--vary", SECOND)
    arguments = [sys.executable, "-m", "dms", "tune", str(out), "--labels", labels, *ranges]
    # many seconds of work on one core
    with subprocess.Popen(arguments, cwd=out, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        workers = until(lambda: [] if len(found := children(run.pid)) < 2 else found)
        run.kill()
        until(lambda: not any(Path(f"/proc/{pid}").is_dir() for pid in workers))


def children(pid: int) -> list[int]:
    """The processes that work for another one."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in found if "spawn_main" in Path(f"/proc/{one}/cmdline").read_text()]


def test_the_parts_that_the_daemon_wrote_are_one_drive(tmp_path: Path) -> None:
    trace(tmp_path / "monday" / part_name(1), (10.0, 14.0))
    (tmp_path / "labels.csv").write_text("start_s,end_s,event\n10,14,eyes_closed\n")
    drives = labelled_drives([tmp_path / "monday"], [tmp_path / "labels.csv"], TRACE).drives
    (part,) = sweep(drives, [DriverSettings()])
    assert part.scores[0].hits == 1


def test_a_broken_trace_is_told_with_its_line(out: Path) -> None:
    with (out / "b" / "trace.jsonl").open("a") as file:
        file.write("{}\n")
    with pytest.raises(UserError, match=r"b/trace\.jsonl:303: not a line of a trace"):
        found(out, f"{KEY}=0.8:2.0:0.1")


class TestCommand:
    @pytest.fixture
    def run(self, out: Path, tmp_path: Path) -> Callable[..., Result]:
        """Runs the command over the two drives."""

        def tune(*options: str, to: Path = tmp_path / "tuned") -> Result:
            arguments = ["tune", str(out), "--labels", str(tmp_path / "labels.csv"), "--out", str(to)]
            return CliRunner().invoke(app, [*arguments, *options])

        return tune

    def test_what_it_writes_is_what_the_daemon_takes(self, run: Callable[..., Result], tmp_path: Path) -> None:
        pytest.importorskip("matplotlib", reason="the extra pictures is not installed")
        ranges = ("--vary", f"{KEY}=0.8:2.0:0.1", "--vary", "driver.perclos.min_droops=2:4:1")
        assert run(*ranges).exit_code == 0
        tuned = load_config(tmp_path / "tuned" / "tuned.toml")
        assert tuned.driver.closure.microsleep_s == 1.2
        assert tuned.driver.perclos.min_droops == DriverSettings().perclos.min_droops
        text = (tmp_path / "tuned" / "tuned.toml").read_text()
        assert "# before them: 2 of 2 found, 0 missed, 2 false alarms" in text
        with (tmp_path / "tuned" / "points.csv").open() as file:
            points = list(csv.DictReader(file))
        assert len(points) == 39
        assert {(point["hits"], point["false_alarms"]) for point in points} == {("2", "2"), ("2", "0"), ("0", "0")}
        assert "chosen (95 %)" in (tmp_path / "tuned" / "points.svg").read_text()

    def test_its_limits_judge_the_drives_as_it_said(
        self, run: Callable[..., Result], out: Path, tmp_path: Path
    ) -> None:
        chosen = json.loads(run("--vary", f"{KEY}=0.8:2.0:0.1", "--json").stdout)["chosen"]
        traces = [out / name / "trace.jsonl" for name in "ab"]
        replay_drives(traces, load_config(tmp_path / "tuned" / "tuned.toml"), tmp_path / "again")
        arguments = ["score", str(tmp_path / "again"), "--labels", str(tmp_path / "labels.csv"), "--json"]
        whole = json.loads(CliRunner().invoke(app, arguments).stdout)
        assert (whole["fatigue"]["found"], whole["fatigue"]["false_alarms"]) == (chosen["hits"], chosen["false_alarms"])

    def test_a_folder_that_cannot_be_written_is_told(self, run: Callable[..., Result], tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        problem = run("--vary", f"{KEY}=1:1.2:0.1", to=tmp_path / "file" / "tuned").exception
        assert isinstance(problem, UserError)
        assert "cannot be written" in str(problem)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("driver.perclos.warnin=0.1:0.2:0.1", r"is no limit .*did you mean 'driver\.perclos\.warning'"),
        ("perception.emotion_hz=1:5:1", "a trace holds what was seen, so only numbers under driver can be tried"),
        (KEY, "FROM:TO:STEP, three numbers"),
        (f"{KEY}=1:2", "FROM:TO:STEP, three numbers"),
        (f"{KEY}=1:nan:1", "FROM:TO:STEP, three numbers"),
        (f"{KEY}=2:1:0.1", "TO must not be below FROM"),
        (f"{KEY}=1:2:0", "STEP must be above 0"),
        (f"{KEY}=1:2:1e-9", "take larger steps"),
        ("driver.perclos.min_droops=2:4:0.5", "is a whole number"),
    ],
)
def test_a_range_that_cannot_be_tried_is_told(text: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        read_vary(text, Config())


def test_decimal_steps_stay_decimal() -> None:
    values = read_vary("driver.perclos.warning=0.08:0.20:0.01", Config()).values
    assert values == (0.08, 0.09, 0.1, 0.11, 0.12, 0.13, 0.14, 0.15, 0.16, 0.17, 0.18, 0.19, 0.2)


class TestGrid:
    config = Config()

    def test_combinations_that_contradict_each_other_are_left_out_and_counted(self) -> None:
        ranges = ["driver.eyes.open_limit=0.4:0.5:0.1", "driver.eyes.closed_limit=0.5:0.6:0.1"]
        found = grid(self.config, [read_vary(text, self.config) for text in ranges])
        assert len(found.tried) + sum(int(line.split()[0]) for line in found.refused) == 4
        assert all(one.driver.eyes.open_limit < one.driver.eyes.closed_limit for one in found.tried)

    def test_values_that_no_configuration_may_have_are_refused(self) -> None:
        with pytest.raises(UserError, match=r"no combination is valid: .*microsleep_s: 9\.0 given; must be a number"):
            grid(self.config, [read_vary(f"{KEY}=9:10:1", self.config)])

    def test_a_key_has_one_range(self) -> None:
        vary = read_vary(f"{KEY}=1:2:0.5", self.config)
        with pytest.raises(UserError, match="given twice"):
            grid(self.config, [vary, vary])


def test_a_name_that_is_of_no_drive_cannot_be_held_out(out: Path) -> None:
    with pytest.raises(UserError, match="--holdout d: there is no labelled drive"):
        found(out, f"{KEY}=0.8:2.0:0.1", holdout=["d"])
    with pytest.raises(UserError, match="every drive is held out"):
        found(out, f"{KEY}=0.8:2.0:0.1", holdout=["*"])


def test_labels_that_demand_nothing_cannot_tune(out: Path) -> None:
    (out.parent / "labels.csv").write_text("drive,start_s,end_s,event\na,1,2,yawn\n")
    with pytest.raises(UserError, match="no label demands an alert"):
        found(out, f"{KEY}=0.8:2.0:0.1")
