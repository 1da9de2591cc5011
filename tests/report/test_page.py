"""The page as a browser shows it, and as a file: alone, small, and true."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from dms.config.driver import DriverSettings
from dms.errors import UserError
from dms.report.report import write_report
from tests.browser import chromium
from tests.command import Run
from tests.report.made import data_of, make_drive, write_labels

pytest.importorskip("bokeh", reason="Bokeh is not installed (the extra report)")
LIMITS = DriverSettings()
READY = "return document.getElementById('charts').getAttribute('aria-busy') === 'false'"
RANGE = "const r = Bokeh.documents[0].get_model_by_name('time'); return [r.start, r.end]"


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on three drives, of which one has a miss, one a false alarm, and one a name that would end a script."""
    folder = tmp_path_factory.mktemp("report")
    make_drive(folder / "out" / "fine & <b>good", 30, [(10, 14)])
    make_drive(folder / "out" / "false", 200, [(100, 104)])
    make_drive(folder / "out" / "missed", 60)
    labels = folder / "labels"
    labels.mkdir()
    write_labels(labels / "fine & <b>good.events.csv", (10, 14, "eyes_closed"), (20, 21, "</script><script>alert(1)"))
    write_labels(labels / "false.events.csv")
    write_labels(labels / "missed.events.csv", (40, 44, "eyes_closed"), (2, 3, "eyes_closed"))
    write_report([folder / "out"], [labels], [], LIMITS, folder / "report.html")
    return folder / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    with chromium("--window-size=1300,1500") as session:
        session.set_script_timeout(60)
        yield session


def wait(browser: Any, until: Callable[[], object]) -> None:
    from selenium.webdriver.support.ui import WebDriverWait  # noqa: PLC0415

    WebDriverWait(browser, 60).until(lambda _: until())


def open_page(browser: Any, page: Path) -> None:
    browser.get(page.as_uri())
    wait(browser, lambda: browser.execute_script(READY))


def click(browser: Any, selector: str, text: str) -> None:
    from selenium.webdriver.common.by import By  # noqa: PLC0415

    shown = [one for one in browser.find_elements(By.CSS_SELECTOR, selector) if one.is_displayed()]
    next(one for one in shown if text in one.text).click()


def text_of(browser: Any, selector: str) -> str:
    return str(browser.execute_script("return document.querySelector(arguments[0]).innerText", selector))


@pytest.mark.slow
def test_a_click_leads_to_the_miss_of_the_worst_drive(browser: Any, batch: Path) -> None:
    open_page(browser, batch)
    assert text_of(browser, "#drive") == "missed", "what went wrong most is open"
    assert browser.execute_script(RANGE) == [0, 60_000]
    click(browser, "button[data-mark]", "missed eyes closed, 40.0 to 44.0 s")
    assert browser.execute_script(RANGE) == [30_000, 54_000]
    assert "eyes closed" in text_of(browser, "#readout")
    assert "attentive" in text_of(browser, "#readout")


@pytest.mark.slow
def test_the_keys_lead_through_what_went_wrong_in_all_drives(browser: Any, batch: Path) -> None:
    from selenium.webdriver.common.by import By  # noqa: PLC0415

    open_page(browser, batch)
    body = browser.find_element(By.TAG_NAME, "body")

    def is_at(place: str) -> bool:
        chosen = "return document.querySelector('button[aria-current=true]')?.innerText"
        return f"{text_of(browser, '#drive')}: {browser.execute_script(chosen)}" == place

    for key, place in (
        ("n", "missed: missed eyes closed, 2.0 to 3.0 s"),
        ("n", "missed: missed eyes closed, 40.0 to 44.0 s"),
        ("n", "false: false alarm microsleep at 101.0 s"),
        ("n", "false: false alarm asleep at 103.0 s"),
        ("n", "missed: missed eyes closed, 2.0 to 3.0 s"),
        ("p", "false: false alarm asleep at 103.0 s"),
    ):
        body.send_keys(key)
        wait(browser, partial(is_at, place))


@pytest.mark.slow
def test_another_drive_of_the_table_is_drawn_when_it_is_clicked(browser: Any, batch: Path) -> None:
    open_page(browser, batch)
    click(browser, "tr[data-drive] button", "false")
    wait(browser, lambda: text_of(browser, "#drive") == "false")
    click(browser, "button[data-mark]", "false alarm microsleep")
    start, end = browser.execute_script(RANGE)
    assert start < 101_000 < end
    points = browser.execute_script("return Bokeh.documents[0].get_model_by_name('fast').data.left_eye.length")
    assert 190 <= points <= 230, "20 s and a bit at 10 frames a second, each of them"


@pytest.mark.slow
def test_the_table_can_be_sorted(browser: Any, batch: Path) -> None:
    open_page(browser, batch)
    names = "return [...document.querySelectorAll('#drives tbody td:first-child')].map((cell) => cell.innerText)"
    assert browser.execute_script(names) == ["missed", "false", "fine & <b>good"]
    click(browser, "th button", "length")
    assert browser.execute_script(names) == ["false", "missed", "fine & <b>good"]
    click(browser, "th button", "length")
    assert browser.execute_script(names) == ["fine & <b>good", "missed", "false"]


@pytest.mark.slow
def test_nothing_is_asked_of_a_network_and_nothing_fails(browser: Any, batch: Path) -> None:
    browser.get_log("browser")
    open_page(browser, batch)
    assert browser.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)") == []
    assert [entry for entry in browser.get_log("browser") if entry["level"] in ("WARNING", "SEVERE")] == []


@pytest.mark.slow
def test_the_curves_can_be_seen(browser: Any, batch: Path) -> None:
    open_page(browser, batch)
    picture = cv2.imdecode(np.frombuffer(browser.get_screenshot_as_png(), np.uint8), cv2.IMREAD_COLOR)
    # the calm drive's eyes, its emotions and the condition, in the colours of dms.report.look
    for blue, green, red in ((0, 159, 230), (115, 158, 0), (211, 225, 183)):
        near = np.abs(picture.astype(int) - (blue, green, red)).max(axis=2) < 12
        assert near.sum() > 100


def test_a_page_holds_everything_itself(batch: Path) -> None:
    text = batch.read_text(encoding="utf-8")
    outside = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    assert not re.search(r"(?:src|href)=|url\(|@import", outside)
    assert text.count("</script>") == 3, "no name of a drive or label ends a script"
    assert "fine &amp; &lt;b&gt;good" in outside


@pytest.mark.slow
def test_an_hour_of_a_drive_fits_into_2_mb_and_every_frame_is_in_it(tmp_path: Path) -> None:
    make_drive(
        tmp_path / "hour", 3600, [(start, start + 2) for start in range(100, 3600, 100)], noise=0.3, events=False
    )
    write_report([tmp_path / "hour"], [], [], LIMITS, tmp_path / "hour.html")
    text = (tmp_path / "hour.html").read_text(encoding="utf-8")
    assert len(text.encode()) <= 2_000_000
    assert data_of(tmp_path / "hour.html")["curves"][0]["fast"]["rows"] == 36_001
    assert "of the frames are in this page" not in text


def test_curves_are_thinned_until_a_page_is_small_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_drive(tmp_path / "a", 400, [(300, 304)], noise=0.3)
    write_report([tmp_path / "a"], [], [], LIMITS, tmp_path / "a.html")
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    limit = len(text.encode()) - len(json.dumps(data_of(tmp_path / "a.html")["curves"])) // 3
    monkeypatch.setattr("dms.report.page.PAGE_BYTES", limit)
    write_report([tmp_path / "a"], [], [], LIMITS, tmp_path / "b.html")
    text = (tmp_path / "b.html").read_text(encoding="utf-8")
    assert len(text.encode()) <= limit
    assert "of the frames are in this page" in text
    monkeypatch.setattr("dms.report.page.PAGE_BYTES", 300_000)
    with pytest.raises(UserError, match="report on fewer drives"):
        write_report([tmp_path / "a"], [], [], LIMITS, tmp_path / "c.html")


@pytest.mark.slow
def test_the_words_tell_what_the_charts_show(browser: Any, batch: Path) -> None:
    assert "1 of 3 labelled events found, 2 missed, 2 false alarms in 4.8 min." in batch.read_text(encoding="utf-8")
    open_page(browser, batch)
    click(browser, "tr[data-drive] button", "fine & <b>good")
    wait(browser, lambda: text_of(browser, "#drive") == "fine & <b>good")
    rows = (
        "return [...document.querySelectorAll('#words tbody tr')].map((r) => [2, 3].map((i) => r.cells[i].innerText))"
    )
    browser.execute_script("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert browser.execute_script(rows) == [
        ["labels", "eyes closed"],
        ["alerts", "microsleep"],
        ["alerts", "asleep"],
        ["labels", "</script><script>alert(1)"],
    ]


def test_a_picture_shows_one_drive(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed (the extra report)")
    make_drive(tmp_path / "out" / "a", 40, [(10, 14)], lost_s=(20, 25))
    labels = write_labels(tmp_path / "a.csv", (10, 14, "eyes_closed"), (30, 34, "eyes_closed"))
    write_report([tmp_path / "out"], [labels], [], LIMITS, tmp_path / "a.png")
    picture = cv2.imread(str(tmp_path / "a.png"))
    assert picture is not None
    assert picture.shape[1] == 1680
    make_drive(tmp_path / "out" / "b", 40)
    with pytest.raises(UserError, match="a picture shows one drive, and there are 2"):
        write_report([tmp_path / "out"], [], [], LIMITS, tmp_path / "a.png")


def test_a_picture_of_a_drive_whose_name_looks_like_a_formula_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed (the extra report)")
    make_drive(tmp_path / "price_$5_and_$6_{", 40)
    write_report([tmp_path / "price_$5_and_$6_{"], [], [], LIMITS, tmp_path / "a.png")
    assert cv2.imread(str(tmp_path / "a.png")) is not None


def test_a_report_has_to_be_a_page_or_a_picture(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a report is written as \.html"):
        write_report([tmp_path], [], [], LIMITS, tmp_path / "report.pdf")


def test_the_command_says_what_it_wrote_and_what_it_left_out(dms: Run, tmp_path: Path) -> None:
    make_drive(tmp_path / "out" / "a", 40, [(10, 14)])
    # whether an alert of a drive without labels is right, nobody knows
    make_drive(tmp_path / "out" / "b", 20, [(5, 9)])
    labels = tmp_path / "labels.csv"
    labels.write_text("drive,start_s,end_s,event\na,10,14,eyes_closed\nc,1,2,yawn\n", encoding="utf-8")
    page = tmp_path / "pages" / "report.html"
    result = dms("report", tmp_path / "out", "--labels", labels, "--out", page)
    told = "1 of 1 labelled events found, 0 missed, 0 false alarms in 0.7 min; without labels: 1 alert in 0.3 min."
    assert result.stdout == f"{page}: {told}\n"
    assert result.stderr.splitlines() == [
        "dms: labelled, but not replayed, and so not in the table: c",
        "dms: without labels: b",
    ]
    assert page.stat().st_size > 300_000


def test_without_the_extra_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_drive(tmp_path / "a", 5)
    for module, file in (("bokeh.resources", "a.html"), ("matplotlib.figure", "a.png")):
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(UserError, match=r"pip install 'dms\[report\]'"):
            write_report([tmp_path / "a"], [], [], LIMITS, tmp_path / file)


def test_a_batch_of_two_runs_has_both_in_its_table(tmp_path: Path) -> None:
    for name in ("a", "b"):
        make_drive(tmp_path / "new" / name, 40, [(10, 14)])
        make_drive(tmp_path / "old" / name, 40, [(10, 14)] if name == "a" else [])
    labels = tmp_path / "labels.csv"
    labels.write_text("drive,start_s,end_s,event\na,10,14,eyes_closed\nb,10,14,eyes_closed\n", encoding="utf-8")
    write_report([tmp_path / "new"], [labels], [tmp_path / "old"], LIMITS, tmp_path / "two.html")
    text = (tmp_path / "two.html").read_text(encoding="utf-8")
    assert "2 of 2 labelled events found, 0 missed, 0 false alarms in 1.3 min; the old run: 1 found, 1 missed" in text
    heads = re.findall(r"<button data-sort>([^<]*)</button>", text)
    rows = {
        name: dict(zip(heads[1:], re.findall(r'<td data-value="[^"]*"[^>]*>([^<]*)</td>', row), strict=True))
        for name, row in re.findall(r'<tr data-drive.*?<button data-drive="\d+">([^<]*)</button>(.*?)</tr>', text)
    }
    assert [rows[name]["missed, old"] for name in ("a", "b")] == ["0", "1"]
    assert [rows[name]["alerts, old"] for name in ("a", "b")] == ["1", "0"]
    data = data_of(tmp_path / "two.html")
    assert set(data["curves"][0]) == {"fast", "slow", "old_fast", "old_slow"}
    assert "alerts, old" in data["lanes"]
