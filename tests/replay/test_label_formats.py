"""Labels in the formats of other programs, each as that program writes it."""

import json
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dms.cli.app import app
from dms.errors import UserError
from dms.replay.label_files import Reading, read_label_table
from dms.replay.label_format import LabelFormat
from dms.replay.labelled import labelled_drives
from dms.replay.labels import Label

BLINK, ASLEEP, YAWN = Label(1.5, 1.5, "blink"), Label(3.1, 9.0, "asleep"), Label(4.0, 6.25, "yawn")

BORIS_AGGREGATED = """\
Observation id\tObservation date\tDescription\tObservation type\tSource\tTime offset (s)\tCoding duration\t\
Media duration (s)\tFPS (frame/s)\tSubject\tBehavior\tBehavioral category\tBehavior type\tStart (s)\tStop (s)\t\
Duration (s)\tMedia file name\tImage index start\tImage index stop\tComment start\tComment stop
obs1\t2026-11-02 10:00:00\t\tMedia file(s)\tplayer #1:monday.mp4\t0.0\t60.0\t60.0\t25.0\tdriver\tblink\teyes\tPOINT\t\
1.5\t1.5\tNA\tmonday.mp4\t37\t37\t\t
obs1\t2026-11-02 10:00:00\t\tMedia file(s)\tplayer #1:monday.mp4\t0.0\t60.0\t60.0\t25.0\tdriver\tasleep\teyes\tSTATE\t\
3.1\t9.0\t5.9\tmonday.mp4\t77\t225\t\t
obs1\t2026-11-02 10:00:00\t\tMedia file(s)\tplayer #1:monday.mp4\t0.0\t60.0\t60.0\t25.0\tdriver\tyawn\tmouth\tSTATE\t\
4.0\t6.25\t2.25\tmonday.mp4\t100\t156\t"unsure,\nsays B."\t
"""
BORIS_EVENTS = """\
Observation id,obs1
Media file(s),
Observation date,2026-11-02 10:00:00
Description,
Time offset (s),0.0

Time,Media file path,Total length,FPS,Subject,Behavior,Behavioral category,Comment,Status
1.5,/home/anna/videos/monday.mp4,60.0,25.0,driver,blink,eyes,,POINT
3.1,/home/anna/videos/monday.mp4,60.0,25.0,driver,asleep,eyes,,START
4.0,/home/anna/videos/monday.mp4,60.0,25.0,driver,yawn,mouth,,START
6.25,/home/anna/videos/monday.mp4,60.0,25.0,driver,yawn,mouth,,STOP
9.0,/home/anna/videos/monday.mp4,60.0,25.0,driver,asleep,eyes,,STOP
"""
ELAN_LONG = """\
Tier\t\tBegin Time - hh:mm:ss.ms\tBegin Time - ss.msec\tEnd Time - hh:mm:ss.ms\tEnd Time - ss.msec\t\
Duration - hh:mm:ss.ms\tDuration - ss.msec\tAnnotation
eyes\tanna\t00:00:03.100\t3.1\t00:00:09.000\t9.0\t00:00:05.900\t5.9\tasleep
mouth\tanna\t00:00:04.000\t4.0\t00:00:06.250\t6.25\t00:00:02.250\t2.25\tyawn
"""
ELAN_WIDE = """\
"#file:///C:/Users/anna/monday.eaf"
Begin Time - msec\tEnd Time - msec\tDuration - msec\tasleep\tmouth
3100\t9000\t5900\tdeep, I think\t
4000\t6250\t2250\t\tyawn
"""
ELAN_BARE = """\
eyes\tanna\t00:00:03.100\t00:00:09.000\t00:00:05.900\tasleep
mouth\tanna\t00:00:04.000\t00:00:06.250\t00:00:02.250\tyawn
"""
EAF = """\
<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2026-11-02T10:00:00+01:00" FORMAT="3.0" VERSION="3.0">
    <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
        <MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/Users/anna/monday.mp4" MIME_TYPE="video/mp4"/>
    </HEADER>
    <TIME_ORDER>
        <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="3100"/>
        <TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="4000"/>
        <TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="6250"/>
        <TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="9000"/>
    </TIME_ORDER>
    <TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="asleep">
        <ANNOTATION>
            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts4">
                <ANNOTATION_VALUE></ANNOTATION_VALUE>
            </ALIGNABLE_ANNOTATION>
        </ANNOTATION>
    </TIER>
    <TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="mouth">
        <ANNOTATION>
            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3">
                <ANNOTATION_VALUE>yawn</ANNOTATION_VALUE>
            </ALIGNABLE_ANNOTATION>
        </ANNOTATION>
        <ANNOTATION>
            <REF_ANNOTATION ANNOTATION_ID="a3" ANNOTATION_REF="a2">
                <ANNOTATION_VALUE>wide</ANNOTATION_VALUE>
            </REF_ANNOTATION>
        </ANNOTATION>
    </TIER>
</ANNOTATION_DOCUMENT>
"""


def box(frame: int, outside: int = 0, keyframe: int = 1) -> str:
    return (
        f'    <box frame="{frame}" outside="{outside}" occluded="0" keyframe="{keyframe}" '
        'xtl="10.0" ytl="10.0" xbr="50.0" ybr="50.0" z_order="0"></box>\n'
    )


def cvat(body: str, size: int = 600) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n  <meta>\n    <task>\n'
        f"      <name>a drive</name><size>{size}</size><mode>interpolation</mode>\n"
        "      <source>monday.mp4</source>\n    </task>\n  </meta>\n" + body + "</annotations>\n"
    )


def track(label: str, *boxes: str) -> str:
    return f'  <track id="0" label="{label}" source="manual">\n{"".join(boxes)}  </track>\n'


def read(path: Path, text: str, **reading: object) -> list[Label]:
    path.write_text(text, encoding="utf-8")
    return [row.label for row in read_label_table(path, Reading(**reading)).rows]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "labels", "drive"),
    [
        (BORIS_AGGREGATED, [BLINK, ASLEEP, YAWN], {"monday.mp4"}),
        (BORIS_EVENTS, [BLINK, YAWN, ASLEEP], {"/home/anna/videos/monday.mp4"}),
        (ELAN_LONG, [ASLEEP, YAWN], set()),
        (ELAN_WIDE, [ASLEEP, YAWN], set()),
        (ELAN_BARE, [ASLEEP, YAWN], set()),
        (EAF, [ASLEEP, YAWN], {"file:///C:/Users/anna/monday.mp4"}),
    ],
    ids=["BORIS aggregated", "BORIS events", "ELAN", "ELAN by tier", "ELAN without header", "ELAN's own"],
)
def test_an_export_is_known_by_sight(tmp_path: Path, text: str, labels: list[Label], drive: set[str]) -> None:
    assert read(tmp_path / "labels", text) == labels
    assert read_label_table(tmp_path / "labels").drives == drive


def test_an_observation_without_a_media_file_names_its_drive(tmp_path: Path) -> None:
    read(tmp_path / "labels", BORIS_AGGREGATED.replace("\tmonday.mp4\t", "\tNA\t"))
    assert read_label_table(tmp_path / "labels").drives == {"obs1"}


def test_an_offset_of_the_observation_is_taken_off_again(tmp_path: Path) -> None:
    text = BORIS_AGGREGATED.replace("monday.mp4\t0.0\t60.0", "monday.mp4\t1.5\t60.0")
    assert read(tmp_path / "labels", text) == [
        Label(0.0, 0.0, "blink"),
        Label(1.6, 7.5, "asleep"),
        Label(2.5, 4.75, "yawn"),
    ]


def test_a_row_knows_its_line(tmp_path: Path) -> None:
    for text, lines in ((BORIS_AGGREGATED, [2, 3, 4]), (ELAN_WIDE, [3, 4]), (EAF, [14, 21])):
        read(tmp_path / "labels", text)
        rows = read_label_table(tmp_path / "labels").rows
        assert [int(row.where.rpartition(":")[2]) for row in rows] == lines


class TestCvat:
    def read(self, path: Path, text: str, fps: float = 10.0) -> list[Label]:
        return read(path / "annotations.xml", text, fps=fps)

    def test_a_track_lasts_until_it_is_outside(self, tmp_path: Path) -> None:
        boxes = [
            box(31),
            *(box(n, keyframe=0) for n in range(32, 90)),
            box(90, outside=1),
            box(120),
            box(125, outside=1),
        ]
        assert self.read(tmp_path, cvat(track("asleep", *boxes))) == [
            Label(3.1, 9.0, "asleep"),
            Label(12.0, 12.5, "asleep"),
        ]

    def test_a_track_that_ends_with_its_last_frame_holds_in_that_frame_too(self, tmp_path: Path) -> None:
        boxes = [box(31), *(box(n, keyframe=0) for n in range(32, 90))]
        assert self.read(tmp_path, cvat(track("asleep", *boxes))) == [Label(3.1, 9.0, "asleep")]

    def test_key_frames_alone_hold_to_the_end_of_the_task(self, tmp_path: Path) -> None:
        assert self.read(tmp_path, cvat(track("asleep", box(31), box(60)), 300)) == [Label(3.1, 30.0, "asleep")]

    def test_tags_of_frames_that_follow_each_other_are_one_label(self, tmp_path: Path) -> None:
        images = "".join(
            f'  <image id="{n}" name="frame_{n:06d}" width="640" height="480">\n'
            '    <tag label="yawn" source="manual"></tag>\n'
            '    <tag label="talking" source="manual"></tag>\n  </image>\n'
            for n in (5, 6, 7, 12)
        )
        assert self.read(tmp_path, cvat(images))[::2] == [Label(0.5, 0.8, "yawn"), Label(1.2, 1.3, "yawn")]

    def test_frames_that_were_left_out_of_the_task_belong_to_the_one_before(self, tmp_path: Path) -> None:
        filtered = "<stop_frame>595</stop_frame><frame_filter>step=5</frame_filter>"
        text = cvat(track("asleep", box(30), box(35, keyframe=0), box(40, 1)) + track("yawn", box(590)))
        assert self.read(tmp_path, text.replace("<size>600</size>", filtered)) == [
            Label(3.0, 4.0, "asleep"),
            Label(59.0, 60.0, "yawn"),
        ]
        images = "".join(f'  <image id="{n}" name="x"><tag label="yawn"/></image>\n' for n in (5, 10, 20))
        assert self.read(tmp_path, cvat(images).replace("<size>600</size>", filtered)) == [
            Label(0.5, 1.5, "yawn"),
            Label(2.0, 2.5, "yawn"),
        ]

    def test_several_videos_in_one_file_are_refused(self, tmp_path: Path) -> None:
        text = cvat("").replace("<source>", "<source>friday.mp4</source><source>")
        with pytest.raises(UserError, match="several videos in one file"):
            self.read(tmp_path, text)

    def test_what_it_is_packed_in_is_read(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "task.zip", "w") as packed:
            packed.writestr("annotations.xml", cvat(track("asleep", box(31), box(90, 1))))
        rows = read_label_table(tmp_path / "task.zip", Reading(fps=10.0)).rows
        assert [row.label for row in rows] == [Label(3.1, 9.0, "asleep")]

    def test_a_workbook_is_told(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "labels.xlsx", "w") as packed:
            packed.writestr("xl/workbook.xml", "<workbook/>")
        with pytest.raises(UserError, match="a workbook or an archive: save its table as CSV"):
            read_label_table(tmp_path / "labels.xlsx")

    def test_a_task_without_labels_is_of_a_drive_in_which_nothing_happened(self, tmp_path: Path) -> None:
        assert self.read(tmp_path, cvat("")) == []
        assert read_label_table(tmp_path / "annotations.xml", Reading(fps=10.0)).drives == {"monday.mp4"}

    def test_the_rate_of_the_frames_must_be_given(self, tmp_path: Path) -> None:
        with pytest.raises(UserError, match="CVAT counts frames: give --label-fps"):
            read(tmp_path / "annotations.xml", cvat(""))

    def test_a_wrong_number_is_told_with_its_line(self, tmp_path: Path) -> None:
        with pytest.raises(UserError, match=r"annotations\.xml:11: box has 'x' where a whole number must be"):
            self.read(tmp_path, cvat(track("asleep", box(31).replace('"31"', '"x"'))))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BORIS_AGGREGATED.replace("\t3.1\t", "\t\t"), r":3: Start \(s\) and Stop \(s\) must be .*'9\.0'.*by tab"),
        (BORIS_EVENTS.replace("9.0,", "x,"), r":12: Time must be seconds, not 'x'.*by comma"),
        (BORIS_EVENTS.replace(",STOP", ",START"), r":11: 'yawn' is START out of turn"),
        (BORIS_EVENTS.rpartition("9.0,")[0], r":9: 'asleep' never stops"),
        (ELAN_LONG.replace("00:00:09.000\t9.0", "later\t9.0"), r":2: 'later' is no time.*by tab"),
        (ELAN_WIDE.replace("End Time - msec\t", ""), r":2: no column End Time.*by tab"),
        (EAF.replace(' TIME_VALUE="9000"', ""), r":14: the annotation has no time of its own \(TIME_SLOT_REF2\)"),
        (EAF.replace("</TIME_ORDER>", ""), r":31: not XML \(mismatched tag\)"),
        ("<gpx></gpx>", ":1: XML, but no export of CVAT"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_line_and_separator(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        read(tmp_path / "labels", text)


@pytest.mark.parametrize("name", list(LabelFormat))
def test_a_format_that_is_named_is_the_only_one(tmp_path: Path, name: LabelFormat) -> None:
    with pytest.raises(UserError, match=r"labels:1: no "):
        read(tmp_path / "labels", "a,b\n1,2\n", format=name, fps=1.0)


def test_a_spreadsheet_s_unicode_text_is_read(tmp_path: Path) -> None:
    (tmp_path / "labels").write_text("start_s\tend_s\tevent\n3,1\t9\tasleep\n", encoding="utf-16")
    assert [row.label for row in read_label_table(tmp_path / "labels").rows] == [ASLEEP]


class TestCommand:
    @pytest.fixture
    def out(self, tmp_path: Path) -> Path:
        folder = tmp_path / "out" / "monday"
        folder.mkdir(parents=True)
        event = {"t": 4.1, "kind": "fatigue", "phase": "start", "level": "microsleep", "event_id": "a"}
        (folder / "events.jsonl").write_text(json.dumps(event) + "\n")
        (folder / "summary.json").write_text(json.dumps({"drive": "monday.mp4", "duration_s": 60.0}))
        return tmp_path / "out"

    @pytest.mark.parametrize(
        ("name", "text", "options"),
        [
            ("monday.tsv", BORIS_AGGREGATED, ["--format", "boris"]),
            ("monday.eaf", EAF, []),
            ("monday.events.txt", ELAN_BARE, []),
            ("annotations.xml", cvat(track("asleep", box(31), box(90, 1))), ["--format", "cvat", "--label-fps", "10"]),
        ],
    )
    def test_a_folder_of_exports_is_scored(self, out: Path, name: str, text: str, options: list[str]) -> None:
        labels = out.parent / "labels"
        labels.mkdir()
        (labels / name).write_text(text)
        run = CliRunner().invoke(app, ["score", str(out), "--labels", str(labels), *options], catch_exceptions=False)
        assert "1 of 1" in run.stdout

    def test_an_export_of_many_drives_is_of_those_that_it_names(self, out: Path) -> None:
        labels = out.parent / "labels"
        labels.mkdir()
        other = BORIS_AGGREGATED.splitlines()[2].replace("monday", "tuesday")
        (labels / "all.tsv").write_text(f"{BORIS_AGGREGATED}{other}\n")
        found = labelled_drives([out], [labels], reading=Reading(LabelFormat.BORIS))
        assert [(drive.name, len(drive.labels)) for drive in found.drives] == [("monday", 3)]
        assert found.missing == ("tuesday.mp4",)
