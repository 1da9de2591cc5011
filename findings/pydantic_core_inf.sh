#!/bin/sh
# pydantic_core.from_json(..., allow_inf_nan=False) refuses Infinity and NaN, and yet returns inf for a number that is too
# large for a double (1e999): whoever relies on it lets an infinite number in. The standard library's json does the same
# with parse_constant. A trace of a drive is therefore checked number by number.
#
#   sh findings/pydantic_core_inf.sh      needs python3 with venv and a network for pip
#
# Prints the version and what was seen. Exit code 1 when it is no longer so, 2 when it could not be tried.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check 'pydantic-core==2.50.4' || exit 2
"$work/venv/bin/python" - <<'PYTHON'
import math
import sys

import pydantic_core

print("pydantic_core", pydantic_core.__version__)
try:
    pydantic_core.from_json(b"[Infinity]", allow_inf_nan=False)
    refused = False
except ValueError as error:
    refused = True
    print("[Infinity] is refused:", error)
(value,) = pydantic_core.from_json(b"[1e999]", allow_inf_nan=False)
print("[1e999] gives", value)
sys.exit(not (refused and math.isinf(value)))
PYTHON
