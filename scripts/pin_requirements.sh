#!/bin/sh
# Writes deploy/requirements/*.txt: every package that the installer takes, with version and hashes, for all Pythons and
# machines at once. Needs the network and uv (pip install uv). Run it after a change of the dependencies in pyproject.toml,
# and to take newer versions in; then run the tests.
set -eu
cd "$(dirname "$0")/.."

pin() {
    out=deploy/requirements/$1
    shift
    echo "# made by scripts/pin_requirements.sh: do not edit" >"$out.new"
    uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        --upgrade "$@" >>"$out.new"
    mv "$out.new" "$out"
}

pin runtime.txt pyproject.toml
pin extras.txt --extra gpio --extra obd pyproject.toml
# what makes the wheel; the same tool as in pyproject.toml's build-system
pin build.txt - <<END
hatchling>=1.26
END
