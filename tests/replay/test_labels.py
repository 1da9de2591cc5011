"""Tables of labels as people have them."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dms.errors import UserError
from dms.replay.demands import KNOWN
from dms.replay.label_files import read_label_table
from dms.replay.labels import Label
from dms.replay.score import score

WANTED = [Label(1.5, 2.75, "blink"), Label(3.1, 4.1, "eyes_closed")]


@pytest.mark.parametrize(
    "table",
    [
        "start_s,end_s,event\n1.5,2.75,blink\n3.1,4.1,eyes_closed\n",
        "start_s;end_s;event\n1,5;2,75;blink\n3,1;4,1;eyes_closed\n",
        "start_s\tend_s\tevent\n1.5\t2,75\tblink\n3.1\t4.1\teyes_closed\n",
        "\ufeffEvent, START_S ,End_S\r\nblink, 1.5, 2.75\r\neyes_closed,3.1,4.1\r\n",
        "# who looked at it\nstart_s,end_s,event,,\n1.5,2.75,blink,,\n\n# unsure\n3.1,4.1,eyes_closed,,\n,,,,\n,,,,\n",
        'start_s,end_s,event,comment\n1.5,2.75,blink,"short, I think"\n3.1,4.1,eyes_closed,\n',
    ],
    ids=["plain", "semicolon", "tab", "blanks and case", "empty tail and comments", "more columns"],
)
def test_a_table_of_any_spreadsheet_gives_the_same_labels(tmp_path: Path, table: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(table, encoding="utf-8")
    assert [row.label for row in read_label_table(path).rows] == WANTED


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=20)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**5), st.sampled_from(sorted(KNOWN)), CELLS)),
    separator=st.sampled_from(",;\t"),
    comma=st.booleans(),
    order=st.permutations(range(4)),
)
def test_what_a_spreadsheet_writes_is_read_back(
    tmp_path: Path, rows: list[tuple[int, int, str, str]], separator: str, comma: bool, order: list[int]
) -> None:
    def number(ms: int) -> str:
        return f"{ms / 1000:.3f}".replace(".", "," if comma and separator != "," else ".")

    table = [["start_s", "end_s", "event", "note"]]
    # a row that begins with # is a comment
    table += [[number(start), number(start + long), event, f"n {note}"] for start, long, event, note in rows]
    with (tmp_path / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=separator).writerows([[row[n] for n in order] for row in table])
    wanted = [Label(start / 1000, float(f"{(start + long) / 1000:.3f}"), event) for start, long, event, _ in rows]
    assert [row.label for row in read_label_table(tmp_path / "labels.csv").rows] == wanted


def test_an_event_without_an_end_is_a_moment(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("start_s,end_s,event\n1.5,,blink\n2,2,blink\n")
    assert [row.label for row in read_label_table(path).rows] == [Label(1.5, 1.5, "blink"), Label(2.0, 2.0, "blink")]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("start_s;end_s\n1;2\n", r":1: no column event \(columns are separated by semicolon\)"),
        ("start_s,end_s,event\n1,5,2,75,blink\n5,x,blink\n", r":3: start_s and end_s must be seconds.*by comma"),
    ],
)
def test_an_error_names_the_separator_that_was_found(tmp_path: Path, table: str, words: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(table)
    with pytest.raises(UserError, match=words):
        read_label_table(path)


class TestScored:
    @pytest.fixture
    def events(self, tmp_path: Path) -> Path:
        out = tmp_path / "results"
        out.mkdir()
        (out / "events.jsonl").touch()
        (out / "summary.json").write_text(json.dumps({"drive": "monday.mp4", "duration_s": 60.0}))
        return out / "events.jsonl"

    def labels(self, folder: Path, table: str) -> Path:
        path = folder / "labels.csv"
        path.write_text(table)
        return path

    @pytest.mark.parametrize(("end_s", "misses"), [(4.1, 1), (4.09, 0)])
    def test_a_closure_of_exactly_a_second_demands_an_alert(self, events: Path, end_s: float, misses: int) -> None:
        table = self.labels(events.parent, f"start_s,end_s,event\n3.1,{end_s},eyes_closed\n")
        assert score(events, table).misses == misses

    @pytest.mark.parametrize("name", ["monday.mp4", "monday", "results", "cars/monday.mp4"])
    def test_one_table_serves_many_drives(self, events: Path, name: str) -> None:
        rows = f"drive,start_s,end_s,event\n{name},3,9,asleep\ntuesday.mp4,3,9,asleep\ntuesday.mp4,13,19,asleep\n"
        assert score(events, self.labels(events.parent, rows)).misses == 1

    def test_a_table_of_other_drives_is_refused(self, events: Path) -> None:
        table = self.labels(events.parent, "drive,start_s,end_s,event\ntuesday.mp4,3,9,asleep\n")
        with pytest.raises(UserError, match=r"no label of the drive monday, results; .* has tuesday\.mp4"):
            score(events, table)

    def test_a_label_outside_the_drive_is_told_and_not_missed(self, events: Path) -> None:
        table = self.labels(events.parent, "start_s,end_s,event\n3,9,asleep\n70,80,asleep\n")
        found = score(events, table)
        assert found.misses == 1
        assert [warning.rpartition("labels.csv")[2] for warning in found.warnings] == [
            ":3: 'asleep' begins at 70 s, outside the drive of 60.0 s: left out"
        ]

    def test_milliseconds_are_noticed(self, events: Path) -> None:
        table = self.labels(events.parent, "start_s,end_s,event\n3000,9000,asleep\n12000,14000,asleep\n")
        with pytest.raises(UserError, match="look like milliseconds"):
            score(events, table)
