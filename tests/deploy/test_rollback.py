"""dms-rollback and the service: a played systemctl stands for systemd. tests/system/try_install.sh has the real one."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
# answers from a file; a restart leaves what the next file says
SYSTEMCTL = """#!/bin/sh
here=$(dirname "$0")
case "$1" in
    is-active) state=$(cat "$here/state"); [ "$2" = --quiet ] || echo "$state"; [ "$state" = active ] ;;
    is-failed) [ "$(cat "$here/state")" = failed ] ;;
    show) cat "$here/status" ;;
    is-enabled) [ -e "$here/enabled" ] ;;
    restart) cp "$here/after" "$here/state"; touch "$here/restarted"; [ "$(cat "$here/after")" = active ] ;;
    try-restart) [ "$(cat "$here/state")" != active ] || touch "$here/restarted" ;;
    *) echo "$*: not played" >&2; exit 9 ;;
esac
"""


class Machine:
    """Two releases, `old` and `new`, with `new` in use."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "opt"
        self.tools = folder / "tools"
        for release in ("old", "new"):
            (self.home / "releases" / release).mkdir(parents=True)
            (self.home / "releases" / release / "complete").touch()
        (self.home / "current").symlink_to("releases/new")
        (self.home / "previous").symlink_to("releases/old")
        self.tools.mkdir()
        for name, text in (("systemctl", SYSTEMCTL), ("id", "#!/bin/sh\necho 0\n"), ("sleep", "#!/bin/sh\n")):
            (self.tools / name).write_text(text, encoding="utf-8")
            (self.tools / name).chmod(0o755)
        self._script = folder / "dms-rollback"
        text = (ROOT / "deploy" / "dms-rollback").read_text(encoding="utf-8")
        text = text.replace("home=/opt/dms", f"home={self.home}").replace("/run/systemd/system", str(self.tools))
        self._script.write_text(text, encoding="utf-8")

    def rollback(
        self, *, before: str, after: str = "active", enabled: bool = True, status: int = 2
    ) -> subprocess.CompletedProcess[str]:
        """Roll back while the service is in one state, its last process ended with a status; a restart changes it."""
        (self.tools / "status").write_text(f"{status}\n", encoding="utf-8")
        (self.tools / "state").write_text(f"{before}\n", encoding="utf-8")
        (self.tools / "after").write_text(f"{after}\n", encoding="utf-8")
        if enabled:
            (self.tools / "enabled").touch()
        result = subprocess.run(
            ["sh", str(self._script)],
            env={**os.environ, "PATH": f"{self.tools}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (self.home / "current").readlink() == Path("releases/old")
        return result

    @property
    def restarted(self) -> bool:
        return (self.tools / "restarted").exists()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("state", ["active", "activating", "failed"])
def test_a_service_that_runs_or_has_failed_runs_with_the_release_before(machine: Machine, state: str) -> None:
    result = machine.rollback(before=state)
    assert (result.returncode, result.stderr) == (0, "")
    assert machine.restarted
    assert result.stdout.endswith("old runs\n")


@pytest.mark.parametrize(
    ("state", "enabled", "status"),
    [("inactive", True, 0), ("failed", False, 2), pytest.param("failed", True, 9, id="its stop took too long")],
)
def test_a_service_that_its_owner_has_stopped_or_disabled_stays_so(
    machine: Machine, state: str, enabled: bool, status: int
) -> None:
    result = machine.rollback(before=state, enabled=enabled, status=status)
    assert (result.returncode, result.stderr) == (0, "")
    assert not machine.restarted
    assert "systemctl start dms" in result.stdout


@pytest.mark.parametrize("state", ["failed", "activating"])
def test_a_release_that_does_not_start_either_is_told_and_is_no_success(machine: Machine, state: str) -> None:
    result = machine.rollback(before="failed", after=state)
    assert result.returncode == 1
    assert result.stderr == "dms-rollback: old does not start; see: journalctl -u dms\n"
    assert "runs" not in result.stdout
