"""Clients that others generate from the published schema: a subscriber on each type-checks, and reads real messages.

Python needs ``pip install datamodel-code-generator`` in an environment of its own, and DATAMODEL_CODEGEN to name its
``datamodel-codegen``; TypeScript needs node, and TYPESCRIPT to name a folder with ``npm install
json-schema-to-typescript typescript`` in it.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dms.alerts.clock import Stamp
from dms.alerts.encoder import Encoder
from dms.driver.state import AlertKind

from .make import GOOD_UTC, VEHICLE, alert, state

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "messages.json"
CLIENTS = Path(__file__).parent / "clients"
MISSPELT = ("late_s", "lates")


def messages() -> list[str]:
    encoder = Encoder(VEHICLE, "session", lambda t: Stamp(GOOD_UTC + t))
    told = (
        encoder.alert(alert()),
        encoder.alert(alert(kind=AlertKind.ANGER, anger_score=0.8)),
        encoder.alert(alert(kind=AlertKind.DISTRACTION, eyes_off_road_s=3.6)),
        encoder.state(state()),
    )
    return [message.to_json() for message in told]


@pytest.fixture
def python_client(tmp_path: Path) -> Path:
    """A folder with ``messages.py``, as the generator makes it."""
    generator = os.environ.get("DATAMODEL_CODEGEN") or shutil.which("datamodel-codegen")
    if generator is None:
        pytest.skip("DATAMODEL_CODEGEN names no datamodel-codegen (pip install datamodel-code-generator)")
    options = ("--use-annotated", "--collapse-root-models", "--enum-field-as-literal", "one", "--formatters", "builtin")
    model = ("--output-model-type", "pydantic_v2.BaseModel", "--target-python-version", "3.11")
    command = [generator, "--input", str(SCHEMA), "--input-file-type", "jsonschema", *model, *options]
    subprocess.run([*command, "--output", str(tmp_path / "messages.py")], check=True, capture_output=True)
    return tmp_path


def mypy(folder: Path, source: str) -> "subprocess.CompletedProcess[str]":
    (folder / "subscriber.py").write_text(source)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir=.cache", "subscriber.py"]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


@pytest.mark.slow
def test_a_subscriber_on_the_generated_python_client_type_checks_and_reads_real_messages(python_client: Path) -> None:
    pytest.importorskip("mypy", reason="mypy is not installed")
    source = (CLIENTS / "subscriber.py").read_text()
    checked = mypy(python_client, source.replace(*MISSPELT))
    assert checked.returncode == 1
    assert 'has no attribute "lates"' in checked.stdout
    checked = mypy(python_client, source)
    assert checked.returncode == 0, checked.stdout
    script = (
        "import json, sys, subscriber; print(json.dumps([subscriber.in_words(one) for one in json.load(sys.stdin)]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        cwd=python_client,
        input=json.dumps(messages()),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ran.stdout) == [
        "fatigue start microsleep #1, closed for 1.5 s, 0 s late",
        "anger start angry #1, score 0.8, 0 s late",
        "distraction start eyes_off_road #1, off the road for 3.6 s, 0 s late",
        "state attentive, fatigue unknown, 3 open",
    ]


@pytest.fixture
def typescript_client(tmp_path: Path) -> tuple[Path, Path]:
    """A folder with ``messages.d.ts``, as the generator makes it, and the compiler."""
    tools = os.environ.get("TYPESCRIPT")
    if tools is None or shutil.which("node") is None:
        pytest.skip(
            "TYPESCRIPT names no folder with json-schema-to-typescript and typescript, or node is not installed"
        )
    programs = Path(tools) / "node_modules" / ".bin"
    # without the option every name is a field, of type unknown
    command = [str(programs / "json2ts"), "--additionalProperties=false", str(SCHEMA), str(tmp_path / "messages.d.ts")]
    subprocess.run(command, check=True, capture_output=True)
    return tmp_path, programs / "tsc"


def tsc(compiler: Path, folder: Path, source: str) -> "subprocess.CompletedProcess[str]":
    (folder / "subscriber.ts").write_text(source)
    options = (
        "--strict",
        "--noEmitOnError",
        "--noUncheckedIndexedAccess",
        "--target",
        "es2022",
        "--module",
        "nodenext",
    )
    command = [str(compiler), *options, "subscriber.ts"]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


@pytest.mark.slow
def test_a_subscriber_on_the_generated_typescript_client_type_checks_and_reads_real_messages(
    typescript_client: tuple[Path, Path],
) -> None:
    folder, compiler = typescript_client
    source = (CLIENTS / "subscriber.ts").read_text()
    checked = tsc(compiler, folder, source.replace(*MISSPELT))
    assert checked.returncode != 0
    assert "Property 'lates' does not exist" in checked.stdout
    checked = tsc(compiler, folder, source)
    assert checked.returncode == 0, checked.stdout
    script = (
        "const { inWords } = require('./subscriber.js');"
        "const told = JSON.parse(require('fs').readFileSync(0, 'utf8')).map(JSON.parse);"
        "console.log(JSON.stringify(told.map(inWords)));"
    )
    ran = subprocess.run(
        ["node", "-e", script], cwd=folder, input=json.dumps(messages()), capture_output=True, text=True, check=True
    )
    assert json.loads(ran.stdout) == [
        "fatigue start #1, microsleep, closed for 1.5 s, 0 s late",
        "anger start #1, angry, score 0.8, 0 s late",
        "distraction start #1, eyes_off_road, off the road for 3.6 s, 0 s late",
        "state attentive, fatigue unknown, 3 open",
    ]
