"""What the daemon logs, as journald and people meet it."""

import logging
import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

from dms.service.log import JournalFormatter, RepeatLimit

SPEAKER = (
    "import logging\nfrom dms.service.log import log_to_stderr\nlog_to_stderr('info')\n"
    "log = logging.getLogger('dms.x')\n"
    "log.debug('not this')\nlog.info('one')\nlog.warning('two')\n"
    "try:\n    1 / 0\nexcept ZeroDivisionError:\n    log.exception('three')\n"
)


def speak(stderr: Path, environment: dict[str, str]) -> list[str]:
    with stderr.open("wb") as file:
        status = os.fstat(file.fileno())
        told = {name: value.format(s=status) for name, value in environment.items()}
        command = [sys.executable, "-c", SPEAKER]
        subprocess.run(command, stderr=file, env={**os.environ, **told}, check=True, timeout=60)
    return stderr.read_text(encoding="utf-8").splitlines()


def test_journald_gets_a_priority_on_every_line(tmp_path: Path) -> None:
    lines = speak(tmp_path / "stderr", {"JOURNAL_STREAM": "{s.st_dev}:{s.st_ino}"})
    assert lines[:3] == ["<6>dms.x: one", "<4>dms.x: two", "<3>dms.x: three"]
    assert len(lines) > 4
    assert all(line.startswith("<3>") for line in lines[2:]), "a traceback belongs to its error"


def test_where_no_journal_listens_each_line_has_the_time_of_day(tmp_path: Path) -> None:
    lines = speak(tmp_path / "stderr", {"JOURNAL_STREAM": "1:1"})
    stamps, told = zip(*(line.split(" ", 1) for line in lines[:2]), strict=True)
    assert told == ("INFO dms.x: one", "WARNING dms.x: two")
    assert abs(datetime.fromisoformat(stamps[0]).timestamp() - time.time()) < 3600.0, "local time with its offset"


class Repeater:
    """Logs one kind of record at times of its own, through the limit."""

    def __init__(self) -> None:
        self.now = 0.0
        self._limit = RepeatLimit(lambda: self.now)

    def say(self, value: object, level: int = logging.WARNING, text: str = "value %s") -> str | None:
        record = logging.LogRecord("dms.x", level, __file__, 1, text, (value,), None)
        return JournalFormatter("%(message)s").format(record) if self._limit.filter(record) else None


def test_a_warning_that_repeats_is_told_ten_times_a_minute_and_then_counted() -> None:
    repeater = Repeater()
    said = [repeater.say(number) for number in range(1000)]
    assert said[:9] == [f"<4>value {number}" for number in range(9)]
    assert said[9] == "<4>value 9 (more like this are left out for up to 60 s)"
    assert said[10:] == [None] * 990
    repeater.now = 60.0
    assert repeater.say("again") == "<4>value again (990 more like this were left out)"
    assert repeater.say("more") == "<4>value more"


def test_another_kind_of_record_is_not_held_back() -> None:
    repeater = Repeater()
    for number in range(50):
        repeater.say(number)
    assert repeater.say(1, text="other %s") == "<4>other 1"


def test_debug_is_not_limited() -> None:
    repeater = Repeater()
    assert None not in [repeater.say(number, logging.DEBUG) for number in range(200)]
