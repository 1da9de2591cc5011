"""The local socket: what is asked is answered, whatever an asker, a handler or an earlier daemon did."""

import json
import os
import socket
import stat
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from dms.errors import UserError, WorldError
from dms.service.control.client import NotAnsweredError, NotRunningError, ask
from dms.service.control.loop import LoopCalls
from dms.service.control.protocol import Answer, Handler, RefusedError, socket_paths
from dms.service.control.server import ControlServer
from tests.conftest import until

Answers = Generator[Answer | None, None, None]


class Count(BaseModel):
    to: int


def count(arguments: Mapping[str, Any]) -> Answers:
    for number in range(Count.model_validate(arguments).to):
        yield {"number": number, "nothing": None}


def refuse(_arguments: Mapping[str, Any]) -> Answers:
    yield {"tried": True}
    raise RefusedError("an alert is open")


def break_down(_arguments: Mapping[str, Any]) -> Answers:
    yield {"tried": True}
    raise ZeroDivisionError("a defect")


class Waiting:
    """Answers never, until the asker goes or the daemon stops; tells when it is left."""

    def __init__(self) -> None:
        self.asked = threading.Semaphore(0)
        self.left = threading.Event()

    def answer(self, _arguments: Mapping[str, Any]) -> Answers:
        self.asked.release()
        try:
            while not self.left.wait(0.02):
                yield None
        finally:
            self.left.set()


Serve = Callable[..., ControlServer]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts a server in the test's folder: ``serve(status=handler)``."""
    servers: list[ControlServer] = []

    def start(folder: Path = tmp_path, **handlers: Handler) -> ControlServer:
        servers.append(ControlServer(socket_paths(folder), handlers))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.stop(5.0)


@pytest.fixture(autouse=True)
def _no_runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "runtime"))


def raw(folder: Path, *lines: bytes, ends: bool = True) -> list[dict[str, Any]]:
    """What the daemon says to these bytes."""
    with socket.socket(socket.AF_UNIX) as asker:
        asker.settimeout(30.0)
        asker.connect(str(folder / "control.sock"))
        for line in lines:
            asker.sendall(line)
        if ends:
            asker.shutdown(socket.SHUT_WR)
        with asker.makefile("rb") as told:
            return [json.loads(line) for line in told]


def test_a_question_is_answered_line_by_line_and_ended(serve: Serve, tmp_path: Path) -> None:
    serve(count=count)
    assert list(ask(tmp_path, "count", {"to": 3})) == [{"number": n, "nothing": None} for n in range(3)]
    assert list(ask(tmp_path, "count", {"to": 0})) == []
    assert raw(tmp_path, b'{"version": 1, "ask": "count", "arguments": {"to": 1}, "more": 1}\n') == [
        {"version": 1, "answer": {"number": 0, "nothing": None}},
        {"version": 1, "end": "done"},
    ]


@pytest.mark.parametrize(
    ("question", "arguments", "told", "end", "words"),
    [
        ("refuse", {}, 1, "refused", "an alert is open"),
        ("break_down", {}, 1, "failed", "ZeroDivisionError: a defect"),
        ("sing", {}, 0, "unknown", "no question 'sing'.*another release, restart it"),
    ],
)
def test_what_cannot_be_answered_is_said_with_its_reason_and_the_next_one_is_answered(
    serve: Serve, tmp_path: Path, question: str, arguments: dict[str, Any], told: int, end: str, words: str
) -> None:
    serve(count=count, refuse=refuse, break_down=break_down)
    answers = ask(tmp_path, question, arguments)
    heard = [next(answers) for _ in range(told)]
    with pytest.raises(NotAnsweredError, match=words) as error:
        next(answers)
    assert (len(heard), error.value.end) == (told, end)
    assert len(list(ask(tmp_path, "count", {"to": 2}))) == 2


def test_wrong_arguments_are_the_askers_fault(serve: Serve, tmp_path: Path) -> None:
    serve(count=count)
    with pytest.raises(UserError, match=r"to: .*integer"):
        list(ask(tmp_path, "count", {"to": "many"}))
    assert raw(tmp_path, b'{"version": 1, "ask": "count", "arguments": {}}\n')[0]["end"] == "invalid"


def test_an_answer_that_takes_long_is_told_to_be_on_its_way(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def late(_arguments: Mapping[str, Any]) -> Answers:
        while not go_on.wait(0.02):
            yield None
        yield {"late": True}

    monkeypatch.setattr("dms.service.control.server.ALIVE_S", 0.05)
    serve(late=late)
    with socket.socket(socket.AF_UNIX) as asker:
        asker.connect(str(tmp_path / "control.sock"))
        asker.sendall(b'{"version": 1, "ask": "late"}\n')
        with asker.makefile("rb") as told:
            assert json.loads(told.readline()) == {"version": 1}
            go_on.set()
            lines = [json.loads(line) for line in told]
    assert lines[-2:] == [{"version": 1, "answer": {"late": True}}, {"version": 1, "end": "done"}]
    assert list(ask(tmp_path, "late")) == [{"late": True}]


@pytest.mark.parametrize(
    ("line", "end"),
    [
        (b"hello\n", "invalid"),
        (b"\xff\xfe\n", "invalid"),
        (b"[]\n", "invalid"),
        (b'{"version": 1}\n', "invalid"),
        (b'{"version": 1, "ask": "count"', "invalid"),
        (b'{"version": 1, "ask": "count", "arguments": {"x": "' + b"x" * 20_000, "invalid"),
        (b'{"version": 2, "ask": "count"}\n', "version"),
        (b"", "invalid"),
    ],
)
def test_nonsense_is_answered_as_such(serve: Serve, tmp_path: Path, line: bytes, end: str) -> None:
    serve(count=count)
    try:
        assert [reply["end"] for reply in raw(tmp_path, line)] == [end]
    except ConnectionError:
        assert len(line) > 16_384  # the rest of it was not read: the kernel may then drop what was answered
    assert len(list(ask(tmp_path, "count", {"to": 1}))) == 1


def test_one_who_is_answered_for_long_keeps_nobody_waiting_and_is_let_go_when_he_goes(
    serve: Serve, tmp_path: Path
) -> None:
    waiting = Waiting()
    serve(count=count, wait=waiting.answer)
    with socket.socket(socket.AF_UNIX) as asker:
        asker.connect(str(tmp_path / "control.sock"))
        asker.sendall(b'{"version": 1, "ask": "wait"}\n')
        asker.shutdown(socket.SHUT_WR)  # he says no more, and still listens
        assert waiting.asked.acquire(timeout=30.0)
        assert len(list(ask(tmp_path, "count", {"to": 2}))) == 2
        assert not waiting.left.is_set()
    assert waiting.left.wait(30.0)


def test_more_askers_than_it_has_threads_for_are_told_to_come_back(serve: Serve, tmp_path: Path) -> None:
    waiting = Waiting()
    serve(count=count, wait=waiting.answer)
    askers = [socket.socket(socket.AF_UNIX) for _ in range(8)]
    for asker in askers:
        asker.connect(str(tmp_path / "control.sock"))
        asker.sendall(b'{"version": 1, "ask": "wait"}\n')
    for _ in askers:
        assert waiting.asked.acquire(timeout=30.0)
    try:
        with pytest.raises(NotAnsweredError, match="too many ask"):
            list(ask(tmp_path, "count", {"to": 1}))
    finally:
        for asker in askers:
            asker.close()

    def is_answered() -> bool:
        try:
            return len(list(ask(tmp_path, "count", {"to": 1}))) == 1
        except NotAnsweredError:
            return False

    until(is_answered)


def test_a_stop_tells_those_who_are_being_answered_and_leaves_no_file(serve: Serve, tmp_path: Path) -> None:
    waiting = Waiting()
    server = serve(wait=waiting.answer)
    answers = threading.Thread(target=lambda: heard.append(raw(tmp_path, b'{"version": 1, "ask": "wait"}\n')))
    heard: list[list[dict[str, Any]]] = []
    answers.start()
    assert waiting.asked.acquire(timeout=30.0)
    server.stop(30.0)
    answers.join(30.0)
    assert heard == [[{"version": 1, "end": "stopped", "text": "the daemon stops"}]]
    assert waiting.left.is_set()
    assert not (tmp_path / "control.sock").exists()
    with pytest.raises(NotRunningError):
        list(ask(tmp_path, "wait"))


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o777])
def test_only_owner_and_group_may_ask(serve: Serve, tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        serve(count=count)
    finally:
        os.umask(before)
    found = (tmp_path / "control.sock").stat()
    assert stat.S_IMODE(found.st_mode) == 0o660
    assert found.st_gid == os.getegid()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may ask everybody")
def test_one_who_may_not_ask_is_told_so(serve: Serve, tmp_path: Path) -> None:
    serve(count=count)
    (tmp_path / "control.sock").chmod(0o000)
    with pytest.raises(WorldError, match="own user and group"):
        list(ask(tmp_path, "count", {"to": 1}))


def test_what_a_killed_daemon_left_is_replaced(serve: Serve, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(tmp_path / "control.sock"))
        killed.listen()
    with pytest.raises(NotRunningError, match="systemctl start dms"):
        list(ask(tmp_path, "count"))
    serve(count=count)
    assert len(list(ask(tmp_path, "count", {"to": 1}))) == 1


def test_a_daemon_that_answers_keeps_its_socket(serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    serve(count=count)
    serve(refuse=refuse).stop(5.0)
    assert "another daemon answers there" in caplog.text
    assert len(list(ask(tmp_path, "count", {"to": 1}))) == 1


def test_a_file_of_that_name_is_left_alone_and_the_runtime_folder_serves(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "control.sock").write_text("somebody's")
    (tmp_path / "runtime").mkdir()
    serve(count=count)
    assert (tmp_path / "control.sock").read_text() == "somebody's"
    assert len(list(ask(tmp_path, "count", {"to": 1}))) == 1
    with pytest.raises(NotRunningError):
        list(ask(tmp_path / "another", "count", {"to": 1}))


def test_a_state_folder_that_is_none_is_told_and_not_fatal(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    serve(tmp_path / "file" / "state", count=count).stop(1.0)
    assert "nobody can ask this daemon" in caplog.text


def test_a_path_longer_than_a_socket_address_works(serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    serve(folder, count=count)
    assert len(list(ask(folder, "count", {"to": 2}))) == 2


def test_a_daemon_that_ends_in_the_middle_of_an_answer_is_no_answer(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "control.sock"))
        listener.listen()

        def die() -> None:
            asker, _ = listener.accept()
            with asker:
                asker.recv(4096)
                asker.sendall(b'{"version": 1, "answer": {"number": 0}}\n{"version": 1, "answ')

        threading.Thread(target=die, daemon=True).start()
        answers = ask(tmp_path, "count")
        assert next(answers) == {"number": 0}
        with pytest.raises(WorldError, match="ended while it was asked"):
            next(answers)


def test_a_daemon_that_says_nothing_hangs(serve: Serve, tmp_path: Path) -> None:
    waiting = Waiting()
    serve(wait=waiting.answer)
    with pytest.raises(WorldError, match="it hangs"):
        next(ask(tmp_path, "wait", silence_s=0.1))
    assert waiting.left.wait(30.0), "who gave up is noticed"


def test_a_call_is_made_by_the_loop_alone_and_gives_what_it_gives_or_raises() -> None:
    calls, loop = LoopCalls(), threading.current_thread()
    results: list[object] = []

    def ask_for(function: Callable[[], object]) -> None:
        try:
            results.append(calls.call(function, 30.0))
        except ZeroDivisionError as error:
            results.append(error)

    for function in (lambda: threading.current_thread() is loop, lambda: 1 // 0):
        asker = threading.Thread(target=ask_for, args=(function,))
        asker.start()

        def is_over(asker: threading.Thread = asker) -> bool:
            calls.make()
            return not asker.is_alive()

        until(is_over)
    assert results[0] is True
    assert isinstance(results[1], ZeroDivisionError)


def test_a_loop_that_stands_still_is_told_and_makes_no_call_that_was_given_up() -> None:
    calls, made = LoopCalls(), list[int]()
    with pytest.raises(RefusedError, match=r"has not turned for 0.05 s"):
        calls.call(lambda: made.append(1), 0.05)
    calls.make()
    assert made == []
