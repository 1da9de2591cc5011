"""The page of `dms aim --serve`: who is let in, what is served, and what a phone's browser makes of it."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dms.aim.page.board import Board
from dms.aim.page.guard import Guard, TooSoonError
from dms.aim.page.server import PageServer, parse_address
from dms.aim.picture import jpeg as as_jpeg
from dms.aim.seen import Seen
from dms.errors import UserError, WorldError
from tests.aim.scenes import aim_of, sample, turned
from tests.browser import chromium
from tests.conftest import free_port, until
from tests.mjpeg import MjpegCamera, jpeg


class Page:
    """A page that is served, and a client of it."""

    def __init__(self, test_alert: Callable[[], Any] | None = None) -> None:
        self.codes: list[str] = []
        self.board = Board()
        self.port = free_port()
        self.server = PageServer(("127.0.0.1", self.port), self.board, Guard(self.codes.append), test_alert)
        self.server.start()

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), content

    def cookie(self) -> str:
        """Enter the code."""
        status, headers, _ = self.ask("POST", "/code", f"code={self.codes[-1]}")
        assert status == 303
        return headers["Set-Cookie"].partition(";")[0]


@pytest.fixture
def page() -> Iterator[Page]:
    page = Page()
    page.board.show(Seen(aim_of(), as_jpeg(sample()[0])))
    yield page
    page.server.stop()


def test_without_the_code_there_is_nothing_but_the_question_for_it(page: Page) -> None:
    status, _, content = page.ask("GET", "/")
    assert (status, b"The code on the terminal" in content) == (200, True)
    assert page.ask("GET", "/seen?after=0")[0] == 403
    assert page.ask("POST", "/test-alert")[0] == 403
    assert page.ask("GET", "/seen", Cookie="dms_aim=guessed")[0] == 403


def test_the_code_opens_the_page_once_and_the_next_one_is_told(page: Page) -> None:
    (code,) = page.codes
    status, headers, _ = page.ask("POST", "/code", f"code={code[:3]}+{code[3:]}")
    assert (status, headers["Location"]) == (303, "/")
    assert "HttpOnly" in headers["Set-Cookie"]
    assert "SameSite=Strict" in headers["Set-Cookie"]
    cookie = headers["Set-Cookie"].partition(";")[0]
    assert b'id="verdict"' in page.ask("GET", "/", Cookie=cookie)[2]
    told = json.loads(page.ask("GET", "/seen?after=0", Cookie=cookie)[2])
    assert (told["verdict"], told["can_test"]) == ("good", False)
    assert told["picture"]
    assert len(page.codes) == 2
    assert page.ask("POST", "/code", f"code={code}")[0] == 403, "it was for one phone"


def test_a_wrong_code_is_refused_and_what_follows_at_once_is_not_looked_at(page: Page) -> None:
    wrong = f"{(int(page.codes[0]) + 1) % 10**6:06}"
    assert page.ask("POST", "/code", f"code={wrong}")[0] == 403
    status, headers, content = page.ask("POST", "/code", f"code={page.codes[0]}")
    assert status == 429
    assert int(headers["Retry-After"]) >= 1
    assert b"wait" in content


def test_each_wrong_code_doubles_the_pause_up_to_a_minute() -> None:
    now, codes = [0.0], list[str]()
    guard = Guard(codes.append, lambda: now[0])
    assert guard.try_code("") is None
    now[0] += 1.0
    guard.begin()
    waits = []
    for _ in range(8):
        assert guard.try_code("no") is None
        with pytest.raises(TooSoonError) as told:
            guard.try_code(codes[0])
        waits.append(told.value.wait_s)
        now[0] += told.value.wait_s
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]
    token = guard.try_code(codes[0])
    assert guard.knows(token)
    assert not guard.knows(None)
    assert guard.try_code("no") is None
    with pytest.raises(TooSoonError, match="wait 1 s"):
        guard.try_code(codes[-1])


def test_everything_served_forbids_what_comes_from_elsewhere(page: Page) -> None:
    cookie = page.cookie()
    for path in ("/", "/page.css", "/page.js", "/seen?after=0"):
        status, headers, content = page.ask("GET", path, Cookie=cookie)
        assert status == 200
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert (headers["Cache-Control"], headers["Server"]) == ("no-store", "dms")
        assert b"://" not in content
        assert b"style=" not in content


@pytest.mark.parametrize("path", ["/../guard.py", "/static/page.html", "//etc/passwd", "/code.html", "/favicon.ico"])
def test_nothing_else_of_the_disk_can_be_asked_for(page: Page, path: str) -> None:
    assert page.ask("GET", path, Cookie=page.cookie())[0] == 404


def test_another_site_s_form_and_a_long_one_are_refused(page: Page) -> None:
    assert page.ask("POST", "/code", f"code={page.codes[0]}", Origin="http://elsewhere.example")[0] == 403
    assert page.ask("POST", "/code", "code=" + "1" * 1000)[0] == 413
    assert page.ask("POST", "/code", f"code={page.codes[0]}", Origin=f"http://127.0.0.1:{page.port}")[0] == 303


def test_an_alert_is_tried_and_told_as_it_comes_or_why_it_was_not() -> None:
    def tried() -> Iterator[str]:
        yield "buzzer: on after 12 ms"
        raise WorldError("a real alert is open")

    page = Page(tried)
    status, _, content = page.ask("POST", "/test-alert", Cookie=page.cookie())
    page.server.stop()
    assert (status, content) == (200, b"buzzer: on after 12 ms\na real alert is open\n")


def test_pictures_are_wanted_only_while_somebody_looks(page: Page) -> None:
    assert not page.board.wanted
    page.ask("GET", "/seen?after=0", Cookie=page.cookie())
    assert page.board.wanted
    until(lambda: not page.board.wanted)


def test_after_its_end_nothing_is_shown(page: Page) -> None:
    cookie = page.cookie()
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=30)
    connection.request("GET", "/", headers={"Cookie": cookie})
    connection.getresponse().read()
    page.server.stop()
    connection.request("GET", "/seen?after=0", headers={"Cookie": cookie})
    assert connection.getresponse().status == 410, "the connection was open already"
    connection.close()
    with pytest.raises(ConnectionRefusedError):
        page.ask("GET", "/")


def test_a_taken_port_is_told(page: Page) -> None:
    codes: list[str] = []
    with pytest.raises(WorldError, match="no page can be served at"):
        PageServer(("127.0.0.1", page.port), Board(), Guard(codes.append), None)
    assert codes == [], "nobody would listen for it"


def test_whoever_reads_the_code_is_listened_to() -> None:
    port, answers = free_port(), list[int]()

    def told(_: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/")
        answers.append(connection.getresponse().status)
        connection.close()

    server = PageServer(("127.0.0.1", port), Board(), Guard(told), None)
    server.start()
    server.stop()
    assert answers == [200]


@pytest.mark.parametrize(("asked_s", "lasts_s"), [(90.0, 90.0), (3600.0, 600.0)])
def test_it_lasts_as_long_as_it_was_asked_for_and_never_longer_than_ten_minutes(asked_s: float, lasts_s: float) -> None:
    server = PageServer(("127.0.0.1", free_port()), Board(), Guard(lambda _: None), None, asked_s)
    server.start()
    left_s = server.ends_at - time.monotonic()
    server.stop()
    assert server.lasts_s == lasts_s
    assert lasts_s - 60.0 < left_s <= lasts_s


def test_addresses() -> None:
    assert parse_address("192.168.4.1:8088") == ("192.168.4.1", 8088)
    assert parse_address("[::1]:80") == ("::1", 80)


@pytest.mark.parametrize(
    "text",
    ["", "8088", "localhost:80", "::1:80", "1.2.3.4", "1.2.3.4:0", "0.0.0.0:80", "[::]:80", "1.2.3.4:x", "[1.2.3.4]:5"],
)
def test_what_is_no_address_is_told(text: str) -> None:
    with pytest.raises(UserError, match="a page is served at an address of this machine"):
        parse_address(text)


@pytest.fixture(scope="module")
def phone() -> Iterator[Any]:
    """A headless Chromium as large as a phone."""
    with chromium(emulation={"deviceMetrics": {"width": 390, "height": 844, "pixelRatio": 2}}) as session:
        yield session


def text_of(phone: Any, selector: str) -> str:
    return str(phone.execute_script("return document.querySelector(arguments[0])?.innerText ?? ''", selector))


def enter(phone: Any, url: str, code: str) -> str:
    """Enter a code; gives what is said against it, nothing when it is taken."""
    from selenium.webdriver.common.by import By  # noqa: PLC0415

    phone.get(url)
    phone.find_element(By.NAME, "code").send_keys(code)
    phone.find_element(By.TAG_NAME, "button").click()
    until(lambda: text_of(phone, "#message") or text_of(phone, "#verdict"))
    return text_of(phone, "#message")


@contextmanager
def served(camera: MjpegCamera, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str, Callable[[], list[str]]]]:
    """A `dms aim --serve`: its process, its address, and the codes that it told."""
    url, told = f"127.0.0.1:{free_port()}", folder / "told"
    with told.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "dms", "aim", "--source", camera.address, "--serve", url],
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env={**os.environ},
        )

    def codes() -> list[str]:
        return [first + last for first, last in re.findall(r"enter the code (\d{3}) (\d{3})", told.read_text())]

    try:
        until(codes)
        yield process, f"http://{url}/", codes
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_a_phone_sees_the_picture_move_the_verdict_change_and_the_end(phone: Any, tmp_path: Path) -> None:
    camera = MjpegCamera([jpeg(picture) for picture in sample()], fps=10.0)
    camera.switch_on()
    with served(camera, tmp_path) as (process, url, codes):
        wrong = f"{(int(codes()[0]) + 1) % 10**6:06}"
        assert enter(phone, url, wrong) == "That is not the code on the terminal."
        until(lambda: not enter(phone, url, codes()[0]))
        until(lambda: text_of(phone, "#verdict") == "✓ GOOD")
        number = "return Number(document.getElementById('picture').dataset.number ?? 0)"
        first = until(lambda: phone.execute_script(number))
        source = phone.execute_script("return document.getElementById('picture').src")
        until(lambda: phone.execute_script(number) > first + 3)
        assert phone.execute_script("return document.getElementById('picture').src") != source
        assert phone.execute_script("return document.getElementById('test').hidden"), "no daemon could try an alert"
        camera.pictures = [jpeg(turned(180)(picture)) for picture in sample()]
        until(lambda: text_of(phone, "#verdict") == "✗ NOT USABLE")
        until(lambda: "set camera.rotate = 180" in text_of(phone, "#advice"))
        process.send_signal(signal.SIGINT)
        assert process.wait(60.0) == 1
        until(lambda: text_of(phone, "#verdict") == "ENDED")
        assert phone.execute_script("return document.getElementById('picture').src") == ""
    camera.switch_off()
    violations = [entry for entry in phone.get_log("browser") if "Content Security Policy" in entry["message"]]
    assert violations == []


@pytest.mark.slow
def test_a_phone_tries_an_alert(phone: Any) -> None:
    go_on = threading.Event()

    def tried() -> Iterator[str]:
        yield "buzzer: on after 12 ms"
        go_on.wait(60.0)
        yield "nobody acknowledged it"

    page = Page(tried)
    page.board.show(Seen(aim_of(), as_jpeg(sample()[0])))
    assert enter(phone, page.server.url, page.codes[0]) == ""
    until(lambda: phone.execute_script("return document.getElementById('test')?.hidden === false"))
    phone.execute_script("document.getElementById('test').click()")
    until(lambda: "buzzer: on after 12 ms" in text_of(phone, "#outcome"))
    assert phone.execute_script("return document.getElementById('test').disabled"), "one at a time"
    go_on.set()
    until(lambda: "nobody acknowledged it" in text_of(phone, "#outcome"))
    until(lambda: not phone.execute_script("return document.getElementById('test').disabled"))
    page.server.stop()
