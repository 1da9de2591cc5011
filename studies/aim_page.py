#!/usr/bin/env python3
"""Measure the page of ``dms aim --serve`` beside a daemon: first picture, pictures a second, the daemon's own rate.

python studies/aim_page.py dms/demo/sample_drive.mp4

Plays the video's pictures as a network camera of 15 pictures a second. The daemon and the page are processes of their
own. Prints the load of the machine too: both share it with whatever else runs.
"""

import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from dms.errors import WorldError
from dms.service.status import Status, ask_status
from tests.conftest import free_port
from tests.mjpeg import MjpegCamera, jpegs

FPS = 15.0
LENGTH_S = 20.0


def judged_rate(state: Path, seconds: float) -> float:
    """Pictures a second that the daemon judged, over so many seconds."""
    before = status(state)
    time.sleep(seconds)
    after = status(state)
    assert before.health is not None
    assert after.health is not None
    rate = after.health.camera.frames_per_s or 0.0
    return rate - (after.health.camera.dropped - before.health.camera.dropped) / seconds


def status(state: Path) -> Status:
    while True:
        try:
            found = ask_status(state)
        except WorldError:
            found = None
        if found is not None and found.health is not None:
            return found
        time.sleep(0.2)


def code_of(told: Path) -> str:
    while not (found := re.findall(r"enter the code (\d{3}) (\d{3})", told.read_text())):
        time.sleep(0.05)
    return "".join(found[-1])


def main() -> None:
    camera = MjpegCamera(jpegs(Path(sys.argv[1]))[:300], fps=FPS)
    camera.switch_on()
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config, state, told = folder / "dms.toml", folder / "state", folder / "told"
        config.write_text(
            f'[camera]\nsource = "{camera.address}"\n[mqtt]\nport = 1\n[service]\nstate_dir = "{state}"\n'
        )
        dms = [sys.executable, "-m", "dms"]
        daemon = subprocess.Popen([*dms, "run", "-c", str(config)], stderr=subprocess.DEVNULL)
        status(state)
        time.sleep(8.0)
        alone = judged_rate(state, LENGTH_S)
        with told.open("wb") as out:
            page = subprocess.Popen(
                [*dms, "aim", "-c", str(config), "--serve", f"127.0.0.1:{port}"], stdout=subprocess.DEVNULL, stderr=out
            )
        code = code_of(told)
        time.sleep(4.0)
        client = http.client.HTTPConnection("127.0.0.1", port)
        client.request("POST", "/code", f"code={code}")
        answer = client.getresponse()
        answer.read()
        cookie = {"Cookie": (answer.getheader("Set-Cookie") or "").partition(";")[0]}
        came, number, asked = [], 0, time.monotonic()
        before = status(state)
        client.request("GET", "/", headers=cookie)
        client.getresponse().read()
        while time.monotonic() - asked < LENGTH_S:
            client.request("GET", f"/seen?after={number}", headers=cookie)
            seen = json.loads(client.getresponse().read())
            if seen["picture"] is not None and seen["number"] != number:
                came.append(time.monotonic())
            number = seen["number"]
        after = status(state)
        page.terminate()
        daemon.terminate()
        page.wait()
        daemon.wait()
    camera.switch_off()
    assert before.health is not None
    assert after.health is not None
    dropped = (after.health.camera.dropped - before.health.camera.dropped) / LENGTH_S
    beside = (after.health.camera.frames_per_s or 0.0) - dropped
    gaps = sorted(later - earlier for earlier, later in pairwise(came))
    print(f"first picture {(came[0] - asked) * 1000:.0f} ms after the page was asked for")
    print(f"{len(came) / LENGTH_S:.1f} pictures a second, longest gap {gaps[-1] * 1000:.0f} ms")
    change = beside / alone - 1
    print(f"the daemon judged {alone:.2f} pictures a second alone, {beside:.2f} beside the page ({change:+.1%})")
    print(f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
