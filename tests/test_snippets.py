"""The programs that the documentation shows do what it says."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from dms.demo import SAMPLE_DRIVE

DOCS = Path(__file__).parent.parent / "docs"


def snippets(page: str) -> list[str]:
    """The Python programs of a page, in their order."""
    return re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 13 seconds of the sample drive, in which an alert starts and ends: whole programs are run over it."""
    path = tmp_path_factory.mktemp("clip") / "drive.mp4"
    sample = cv2.VideoCapture(str(SAMPLE_DRIVE))
    rate = sample.get(cv2.CAP_PROP_FPS)
    size = int(sample.get(cv2.CAP_PROP_FRAME_WIDTH)), int(sample.get(cv2.CAP_PROP_FRAME_HEIGHT))
    short = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), rate, size)
    for _ in range(round(13 * rate)):
        short.write(sample.read()[1])
    short.release()
    sample.release()
    return path


@pytest.fixture
def server() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A web server that keeps the JSON that is posted to it."""
    posted: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    web = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=web.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{web.server_port}/dms", posted
    web.shutdown()
    web.server_close()
    thread.join()


def test_the_webhook_posts_every_step_of_every_alert(
    server: tuple[str, list[dict[str, Any]]], clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, posted = server
    (tmp_path / "drive.mp4").write_bytes(clip.read_bytes())
    monkeypatch.chdir(tmp_path)
    webhook, use = snippets("sinks.md")
    names: dict[str, Any] = {}
    exec(webhook, names)
    exec(use.replace("http://localhost:8080/dms", address), names)
    events = [json.loads(line) for line in (tmp_path / "out" / "events.jsonl").read_text().splitlines()]
    assert events
    assert posted == [{name: value for name, value in event.items() if name not in ("t", "topic")} for event in events]


def test_a_list_of_observations_is_judged(capsys: pytest.CaptureFixture[str]) -> None:
    exec(snippets("library.md")[0], {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("s  fatigue start: microsleep")
    assert lines[-1].endswith("s  fatigue end: asleep")


def test_a_video_is_judged(clip: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(clip.parent)
    exec(snippets("library.md")[1], {})
    lines = capsys.readouterr().out.splitlines()
    assert sum(" start: " in line for line in lines) == sum(" end: " in line for line in lines) >= 1


def test_a_sink_hears_and_its_trace_is_read(
    clip: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(clip.parent)
    exec(snippets("library.md")[2], {})
    assert "fatigued" in capsys.readouterr().out
    pytest.importorskip("pandas", reason="pandas is not installed")
    exec(snippets("library.md")[4], {})
    assert "left_eye" in capsys.readouterr().out


def test_a_model_is_evaluated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(1)
    for name in ("closed", "open"):
        (tmp_path / "eyes" / name).mkdir(parents=True)
        for number in range(4):
            picture = rng.integers(0, 255, (40, 60), np.uint8)
            cv2.imwrite(str(tmp_path / "eyes" / name / f"{number}.png"), picture)
    monkeypatch.chdir(tmp_path)
    exec(snippets("library.md")[3], {})
    assert "accuracy" in capsys.readouterr().out.lower()
