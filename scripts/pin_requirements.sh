#!/bin/sh
# Writes deploy/requirements/*.txt: every package that the installer and quickstart take, with version and hashes, for all Pythons and
# machines at once: sh scripts/pin_requirements.sh [PYTHON...]
#
# The pip of each PYTHON then says whether it would take them. Needs the network and uv (pip install uv). Run it after a
# change of the dependencies in pyproject.toml, and to take newer versions in; then run the tests.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# uv does not look at the newest Python that a package allows, pip does
cat >"$work/limits.txt" <<END
backports-strenum<1.3
END
pin() {
    out=deploy/requirements/$1
    shift
    echo "# made by scripts/pin_requirements.sh: do not edit" >"$work/out"
    uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        --upgrade --constraints "$work/limits.txt" "$@" >>"$work/out"
    cp "$work/out" "$out"
}

pin runtime.txt pyproject.toml
# gpiozero does not ask for what reaches the pins; for Python 3.13 there is no wheel of it, apt has python3-lgpio
pin extras.txt --extra gpio --extra obd pyproject.toml - <<END
lgpio>=0.2.2; python_version < '3.13' and platform_machine == 'aarch64'
END
# what makes the wheel; the same tool as in pyproject.toml's build-system
pin build.txt - <<END
hatchling>=1.26
END
# for `sh quickstart demo` and `sh quickstart test`: the versions that the installer takes, and what installs the checkout
# itself, so that pip takes nothing beside these files
pin demo.txt --constraints deploy/requirements/extras.txt --extra demo --extra replay pyproject.toml - <<END
hatchling>=1.26
editables>=0.5
END
pin dev.txt --constraints deploy/requirements/extras.txt --extra demo --extra replay --extra tables --extra fleet --extra report \
    --extra pictures --extra gpio --extra obd --group dev pyproject.toml

for python in "$@"; do
    "$python" -m venv "$work/venv"
    for file in runtime extras build demo dev; do
        "$work/venv/bin/python" -m pip install --quiet --dry-run --only-binary :all: --require-hashes \
            -r "deploy/requirements/$file.txt"
        echo "$("$python" -V) takes $file.txt"
    done
    rm -r "$work/venv"
done
