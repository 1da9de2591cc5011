"""The programs that the documentation shows do what it says."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from dms.demo import SAMPLE_DRIVE

DOCS = Path(__file__).parent.parent / "docs"


def snippets(page: str) -> list[str]:
    """The Python programs of a page, in their order."""
    return re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


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
    server: tuple[str, list[dict[str, Any]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, posted = server
    (tmp_path / "drive.mp4").write_bytes(SAMPLE_DRIVE.read_bytes())
    monkeypatch.chdir(tmp_path)
    webhook, use = snippets("sinks.md")
    names: dict[str, Any] = {}
    exec(webhook, names)
    exec(use.replace("http://localhost:8080/dms", address), names)
    events = [json.loads(line) for line in (tmp_path / "out" / "events.jsonl").read_text().splitlines()]
    assert events
    assert posted == [{name: value for name, value in event.items() if name not in ("t", "topic")} for event in events]
