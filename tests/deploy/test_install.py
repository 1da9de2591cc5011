"""The installer, in a mount namespace that is thrown away: this machine's /etc, /opt and /var stay as they are.

The real wheel with the real models is installed; the packages below it come from this environment, so that no network
is needed. tests/system/try_install.sh does the same on a booted system, with the pinned packages.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("hatchling", reason="hatchling is not installed")
pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent.parent
CONFIG = "/etc/dms/dms.toml"
RULE = "/etc/udev/rules.d/99-dms-camera.rules"
LAYERED = ("/etc", "/opt", "/usr/local", "/var/lib")
NAMESPACE = """
mount -t tmpfs tmpfs "$1"
for folder in {folders}; do
    mkdir -p "$1$folder/upper" "$1$folder/work"
    mount -t overlay overlay -o "lowerdir=$folder,upperdir=$1$folder/upper,workdir=$1$folder/work" "$folder"
done
# no systemd: what runs here must not be told of it
mount -t tmpfs tmpfs /run
echo ready
exec sleep 3600
"""


class Machine:
    """A machine on which things may be installed."""

    def __init__(self, process: subprocess.Popen[str], deploy: Path, wheel: Path) -> None:
        self._process = process
        self._deploy = deploy
        self.wheel = wheel

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["nsenter", "--target", str(self._process.pid), "--mount", *command],
            env={**os.environ, "PYTHONPATH": str(Path(pytest.__file__).parent.parent)},
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )

    def install(self, *options: str) -> subprocess.CompletedProcess[str]:
        script = str(self._deploy / "install.sh")
        return self.run("sh", script, "--wheel", str(self.wheel), "--python", sys.executable, *options)

    def uninstall(self, *options: str) -> subprocess.CompletedProcess[str]:
        return self.run("sh", str(self._deploy / "uninstall.sh"), *options)

    def out(self, command: str) -> str:
        result = self.run("sh", "-c", command)
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    @property
    def release(self) -> str:
        return self.out("readlink /opt/dms/current")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    if os.geteuid() != 0:
        pytest.skip("installing takes root")
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    shutil.copytree(ROOT / "systemd", tmp_path / "systemd")
    (tmp_path / "deploy" / "requirements" / "runtime.txt").write_text("# this environment has them\n", encoding="utf-8")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=600)
    (wheel,) = tmp_path.glob("*.whl")
    (tmp_path / "layers").mkdir()
    process = subprocess.Popen(
        [
            "unshare",
            "--mount",
            "sh",
            "-ec",
            NAMESPACE.format(folders=" ".join(LAYERED)),
            "sh",
            str(tmp_path / "layers"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    if process.stdout.readline() != "ready\n":
        pytest.skip(f"no mount namespace with overlays here: {process.stderr.read().strip()}")
    yield Machine(process, tmp_path / "deploy", wheel)
    process.kill()
    process.communicate()


def test_a_release_is_installed_kept_upgraded_rolled_back_and_removed(machine: Machine, tmp_path: Path) -> None:
    result = machine.install()
    assert result.returncode == 0, result.stderr
    first = machine.release
    assert machine.out("/usr/local/bin/dms --version").startswith("dms ")
    assert machine.out("stat -c '%U %a' /var/lib/dms") == "dms 750"
    assert machine.out("stat -c '%U %a' /etc/dms/credentials/mqtt-login") == "root 600"
    assert machine.out("cat /etc/systemd/system/dms.service").startswith("[Unit]")

    # again: what the owner wrote stays, and nothing is made anew
    machine.out("echo '[vehicle]\nid = \"van-7\"' > /etc/dms/dms.toml; echo secret > /etc/dms/credentials/mqtt-login")
    made = machine.out("stat -c %Y /opt/dms/current/complete")
    assert machine.install().returncode == 0
    assert machine.release == first
    assert machine.out("stat -c %Y /opt/dms/current/complete") == made
    assert "van-7" in machine.out("cat /etc/dms/dms.toml")
    assert machine.out("cat /etc/dms/credentials/mqtt-login") == "secret"

    # other models are another release; those that are not what their cards say are refused and change nothing
    models = tmp_path / "models"
    models.mkdir()
    for path in (ROOT / "models" / "eyes.tflite", ROOT / "models" / "eyes.json"):
        shutil.copy(path, models)
    with (models / "eyes.json").open("a", encoding="utf-8") as card:
        card.write("\n")
    assert machine.install("--models", str(models)).returncode == 0
    second = machine.release
    assert second != first
    with (models / "eyes.tflite").open("ab") as file:
        file.write(b"x")
    result = machine.install("--models", str(models))
    assert result.returncode == 1
    assert "is not the one its card describes" in result.stderr
    assert machine.release == second
    assert len(machine.out("ls /opt/dms/releases").splitlines()) == 2

    # a configuration that the release does not take is told before anything changes
    machine.out("echo '[vehicle]\nname = 1' > /etc/dms/dms.toml")
    result = machine.install()
    assert result.returncode == 2
    assert "vehicle.name: no such key" in result.stderr
    assert machine.release == second
    machine.out("rm /etc/dms/dms.toml")

    assert machine.run("dms-rollback").returncode == 0
    assert machine.release == first
    assert machine.run("dms-rollback").returncode == 0
    assert machine.release == second
    assert machine.run("dms-rollback", "nonsense").returncode == 2

    assert machine.uninstall().returncode == 0
    assert machine.uninstall().returncode == 0
    assert machine.out("ls -d /opt/dms /usr/local/bin/dms /usr/local/sbin/dms-* 2>/dev/null || true") == ""
    assert machine.out(f"ls {RULE} 2>/dev/null || true") == "", "nobody has changed it"
    assert machine.out("cat /etc/dms/credentials/mqtt-login") == "secret"
    assert machine.uninstall("--purge").returncode == 0
    assert machine.out("ls -d /etc/dms /var/lib/dms 2>/dev/null || true; getent passwd dms || true") == ""


def test_a_camera_password_in_the_configuration_is_for_root_and_the_service_only(machine: Machine) -> None:
    assert machine.install("--no-start").returncode == 0
    assert machine.out(f"stat -c '%U %G %a' {CONFIG}") == "root dms 640"
    assert machine.run("setpriv", "--reuid=dms", "--regid=dms", "--init-groups", "cat", CONFIG).returncode == 0
    assert machine.run("setpriv", "--reuid=nobody", "--clear-groups", "cat", CONFIG).returncode != 0

    # one from before, whose owner edits it without sudo
    machine.out(f"chmod 664 {CONFIG} && chown daemon:daemon {CONFIG}")
    assert machine.install("--no-start").returncode == 0
    assert machine.out(f"stat -c '%U %G %a' {CONFIG}") == "daemon dms 640"


def test_a_release_that_was_damaged_is_made_anew_by_the_same_installer(machine: Machine) -> None:
    assert machine.install().returncode == 0
    damaged = machine.release
    machine.out(
        f"for file in /opt/dms/{damaged}/lib/python3*/site-packages/dms/models/eyes.tflite; do echo >>$file; done"
    )

    result = machine.install()
    assert result.returncode == 0, result.stderr
    assert machine.release != damaged
    assert "damaged" in result.stdout
    assert machine.out("ls /opt/dms/releases") == machine.release.removeprefix("releases/")
    assert machine.run("dms-rollback").returncode == 2, "nobody is led back to it"

    mended = machine.release
    assert "is there already" in machine.install().stdout
    assert machine.release == mended


def test_a_udev_rule_that_its_owner_has_changed_goes_with_purge_alone(machine: Machine) -> None:
    assert machine.install("--no-start").returncode == 0
    machine.out(f"echo '# the left one' >>{RULE}")
    machine.out("mkdir -p /etc/systemd/system/dms.service.d && touch /etc/systemd/system/dms.service.d/override.conf")
    result = machine.uninstall()
    assert result.returncode == 0
    assert RULE in result.stdout
    assert "the left one" in machine.out(f"cat {RULE}")
    assert machine.uninstall("--purge").returncode == 0
    assert machine.out(f"ls -d {RULE} /etc/systemd/system/dms* 2>/dev/null || true") == ""


def test_what_is_wrong_is_told_before_anything_is_changed(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for options, words in (
        (["--nonsense"], "--help lists them"),
        (["--wheel", "/nowhere.whl"], "no such file"),
        (["--models", str(tmp_path / "empty")], "no .tflite file in it"),
        (["--python", "python9"], "not there"),
    ):
        result = machine.install(*options)
        assert result.returncode == 2
        assert words in result.stderr
    assert machine.out("ls -d /opt/dms /etc/dms 2>/dev/null || true") == ""
