#!/bin/sh
# BokehJS makes a canvas for every bar whose hatch comes from a column, also where all bars have the same pattern or none:
# 500 bars, 500 canvases and more, instead of a handful for a hatch that is one value. An hour of a drive (895 bars in two
# charts) took 6.5 s of processor time to draw, and 0.9 s once the hatch was one value.
#
#   sh findings/bokeh_hatch.sh      needs python3 with venv, a network for pip, and Chromium (apt-get install chromium)
#
# Prints the version and what was counted. Exit code 1 when it is no longer so, 2 when it could not be tried.
set -eu
command -v chromium >/dev/null || { echo "not tried: apt-get install chromium"; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check 'bokeh==3.9.2' 'numpy<2' || exit 2
"$work/venv/bin/python" - "$work" <<'PYTHON'
import sys
from pathlib import Path

import bokeh
from bokeh.embed import components
from bokeh.plotting import figure
from bokeh.resources import Resources

COUNT = """<script>
window.canvases = 0;
const create = document.createElement.bind(document);
document.createElement = (name, ...rest) => { if (name === "canvas") window.canvases++; return create(name, ...rest); };
</script>"""
TELL = """<script>
setTimeout(() => { document.body.dataset.canvases = window.canvases; }, 5000);
</script>"""
for name in ("column", "value"):
    data = {"y": [1] * 500, "left": list(range(500)), "right": [n + 0.9 for n in range(500)], "hatch": ["/"] * 500}
    chart = figure(width=600, height=200)
    hatch = "hatch" if name == "column" else "/"
    chart.hbar(y="y", left="left", right="right", height=0.8, source=data, hatch_pattern=hatch)
    script, div = components(chart)
    library = Resources("inline").js_raw[0]
    page = f"<!doctype html><body>{COUNT}{div}<script>{library}</script>{script}{TELL}"
    Path(sys.argv[1], f"{name}.html").write_text(page, encoding="utf-8")
print("bokeh", bokeh.__version__)
PYTHON
count() {
    chromium --headless=new --no-sandbox --disable-gpu --virtual-time-budget=20000 --dump-dom "file://$work/$1.html" 2>/dev/null |
        sed -n 's/.*data-canvases="\([0-9]*\)".*/\1/p' | head -1
}
column=$(count column)
value=$(count value)
if [ -z "$column" ] || [ -z "$value" ]; then
    echo "not tried: Chromium drew nothing"
    exit 2
fi
echo "500 bars, hatch from a column: $column canvases; hatch as one value: $value canvases"
[ "$column" -ge 500 ] && [ "$value" -lt 50 ]
