"""Small pictures of what went wrong, only for who asks for them."""

import base64
from pathlib import Path

import cv2
import numpy as np
import pytest

from dms.config import Config
from dms.config.driver import DriverSettings
from dms.demo import SAMPLE_DRIVE
from dms.errors import UserError
from dms.replay.replay import replay_drives
from dms.report.report import write_report
from tests.report.made import data_of, make_drive

LIMITS = DriverSettings()


@pytest.mark.slow
def test_a_page_has_the_picture_of_each_alert_when_it_is_asked_for(tmp_path: Path) -> None:
    pytest.importorskip("bokeh", reason="Bokeh is not installed (the extra report)")
    replay_drives([SAMPLE_DRIVE], Config(), tmp_path / "out")
    page = tmp_path / "page.html"
    write_report([tmp_path / "out"], [], [], LIMITS, page)
    assert not [mark for mark in data_of(page)["drives"][0]["marks"] if "picture" in mark]
    written = write_report([tmp_path / "out"], [], [], LIMITS, page, thumbnails=True)
    assert written.warnings == ()
    marks = data_of(page)["drives"][0]["marks"]
    assert [mark["t"] for mark in marks] == [6.05, 19.05, 21.05]
    head, _, jpeg = marks[0]["picture"].partition(",")
    assert head == "data:image/jpeg;base64"
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(jpeg), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (150, 200, 3)
    capture = cv2.VideoCapture(str(SAMPLE_DRIVE))
    capture.set(cv2.CAP_PROP_POS_MSEC, 6050)
    there = cv2.resize(np.asarray(capture.read()[1], np.uint8), (200, 150), interpolation=cv2.INTER_AREA)
    assert np.abs(picture.astype(int) - there).mean() < 6, "the picture of that moment, not another"


def test_a_trace_has_no_pictures_and_it_is_said(tmp_path: Path) -> None:
    pytest.importorskip("bokeh", reason="Bokeh is not installed (the extra report)")
    make_drive(tmp_path / "a", 40, [(10, 14)])
    written = write_report([tmp_path / "a"], [], [], LIMITS, tmp_path / "page.html", thumbnails=True)
    assert "a: no thumbnails: its summary names no recording that is there" in written.warnings[0]
    with pytest.raises(UserError, match="thumbnails are for a page"):
        write_report([tmp_path / "a"], [], [], LIMITS, tmp_path / "a.png", thumbnails=True)
