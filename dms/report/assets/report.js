// Brings the page to life: unpacks the drives, fills the charts with what can be seen of one, and leads to its marks.
// Needs BokehJS, deflated (id "bokeh"), the JSON of the page (id "data") and its elements; asks no network for anything.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const AROUND_MS = 10000, ROWS = 1500, MARKERS = {"missed": "inverted_triangle", "false alarm": "x", "alert": "circle"};
  let model, drive, at = 0, chosen = -1, waiting = false;

  // curves -------------------------------------------------------------------------------------------------------
  function inflate(base64) {
    const text = atob(base64), bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")));
  }

  async function unpack(packed) {
    const raw = new Uint8Array(await inflate(packed.data).arrayBuffer());
    const n = packed.rows, curves = {t: new Float64Array(n)};
    for (let row = 0, ms = 0; row < n; row++) {
      ms += raw[row] + raw[n + row] * 256 + raw[2 * n + row] * 65536 + raw[3 * n + row] * 16777216;
      curves.t[row] = ms;
    }
    packed.columns.forEach(({name, low, high}, i) => {
      const values = curves[name] = new Float32Array(n), from = (4 + i) * n;
      for (let row = 0; row < n; row++) {
        values[row] = raw[from + row] === 255 ? NaN : low + raw[from + row] / 254 * (high - low);
      }
    });
    return curves;
  }

  // first row at or after a time
  function rowAt(t, ms) {
    let low = 0, high = t.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (t[middle] < ms) low = middle + 1; else high = middle;
    }
    return low;
  }

  // what can be seen between two times: of many rows the lowest and the highest of each group
  function visible(curves, start, end) {
    const first = Math.max(0, rowAt(curves.t, start) - 1), last = Math.min(curves.t.length, rowAt(curves.t, end) + 1);
    const each = Math.ceil((last - first) / ROWS), out = {};
    for (const [name, values] of Object.entries(curves)) {
      if (each <= 2) { out[name] = values.slice(first, last); continue; }
      const groups = Math.ceil((last - first) / each), seen = out[name] = new Float64Array(2 * groups);
      for (let group = 0; group < groups; group++) {
        const from = first + group * each, to = Math.min(last, from + each);
        let low = NaN, high = NaN;
        for (let row = from; row < to; row++) {
          const value = values[row];
          if (!(value >= low)) low = isNaN(value) ? low : value;
          if (!(value <= high)) high = isNaN(value) ? high : value;
        }
        seen[2 * group] = low;
        seen[2 * group + 1] = high;
      }
    }
    return out;
  }

  // charts -------------------------------------------------------------------------------------------------------
  const named = (name) => model.document.get_model_by_name(name);

  function draw() {
    waiting = false;
    const {start, end} = named("time"), perPx = (end - start) / Math.max(1, $("charts").clientWidth - 240);
    for (const [name, curves] of Object.entries(drive.curves)) named(name).data = visible(curves, start, end);
    // a name is drawn only where there is room for it: Bokeh takes as long for one that is empty
    const {lane, text, ink} = drive.bars, from = drive.bars.start.map((ms) => Math.max(ms, start));
    const roomy = text.map((_, i) => i).filter((i) => (Math.min(end, drive.bars.end[i]) - from[i]) / perPx > 6.5 * text[i].length + 6);
    const pick = (values) => roomy.map((i) => values[i]);
    named("names").data = {lane: pick(lane), start: pick(from), text: pick(text), ink: pick(ink)};
  }

  function moved() {
    if (!waiting && drive) { waiting = true; requestAnimationFrame(draw); }
  }

  function look(start, end) {
    const length = drive.duration_s * 1000, width = Math.min(length, Math.max(200, end - start));
    const from = Math.min(Math.max(0, start), length - width);
    named("time").setv({start: from, end: from + width});
    moved();
  }

  const clock = (ms) => {
    const s = Math.max(0, ms) / 1000, two = (x) => String(Math.floor(x)).padStart(2, "0");
    return `${two(s / 3600)}:${two(s / 60 % 60)}:${two(s % 60)}.${Math.floor(s * 10 % 10)}`;
  };

  // what holds at a moment, as text
  function pointed(ms) {
    if (!drive || !(ms >= 0)) return;
    const words = {time: clock(ms)};
    for (const lane of data.lanes) {
      words[lane] = drive.bars.lane.flatMap((one, i) =>
        one === lane && drive.bars.start[i] <= ms && ms <= drive.bars.end[i] ? [drive.bars.text[i]] : []).join(", ") || "–";
    }
    for (const [names, title, digits] of data.readings) {
      words[title] = names.map((name) => {
        const curves = drive.curves.fast[name] ? drive.curves.fast : drive.curves.slow;
        const row = Math.min(curves.t.length - 1, rowAt(curves.t, ms)), value = row < 0 ? NaN : curves[name][row];
        return isNaN(value) ? "?" : value.toFixed(digits);
      }).join(" / ");
    }
    $("readout").replaceChildren(...Object.entries(words).map(([name, value]) => element("div", element("span", name), value)));
  }

  // an element with what is in it, as text: names of drives and labels are anybody's
  function element(name, ...inside) {
    const made = document.createElement(name);
    made.append(...inside);
    return made;
  }

  // alerts, misses and false alarms as buttons, labels and alerts as a table
  function tell(one) {
    $("marks").replaceChildren(...one.marks.map((mark, i) => {
      const button = element("button", element("b", mark.kind), " ");
      if (mark.changed) button.append(element("i", mark.changed), " ");
      button.append(mark.text);
      if (mark.picture) {
        const picture = new Image();
        picture.alt = `the picture at ${clock((mark.t + mark.end_s) * 500)}`;
        picture.src = mark.picture;
        button.prepend(picture);
      }
      button.className = mark.kind.split(" ")[0];
      button.dataset.mark = i;
      return element("li", button);
    }));
    if (!one.marks.length) $("marks").append(element("li", one.nothing));
    $("notes").replaceChildren(...one.notes.map((note) => element("li", note)));
    const told = one.spans.filter(([lane]) => lane === "labels" || lane === "alerts").sort((a, b) => a[1] - b[1]);
    $("words").tBodies[0].replaceChildren(...told.map(([lane, start, end, text, , detail]) =>
      element("tr", ...[clock(start * 1000), clock(end * 1000), lane, text, detail].map((cell) => element("td", cell)))));
  }

  // drives and marks ---------------------------------------------------------------------------------------------
  async function open(index) {
    const one = data.drives[index];
    if (!one.curves) {
      Object.assign(one, await inflate(one.about).json());
      one.curves = {};
      for (const [name, packed] of Object.entries(data.curves[index])) one.curves[name] = await unpack(packed);
      const [lane, start, end, text, tone, detail] = [0, 1, 2, 3, 4, 5].map((i) => one.spans.map((span) => span[i]));
      const ms = (list) => list.map((s) => s * 1000), width = one.duration_s;
      one.bars = {lane, start: ms(start), end: ms(end.map((s, i) => Math.max(s, start[i] + width / 2000))), text, detail,
        colour: tone.map((t) => data.tones[t][0]), ink: tone.map((t) => data.tones[t][1]),
        when: start.map((s, i) => `${clock(s * 1000)} to ${clock(end[i] * 1000)}`)};
      const hatched = (values) => values.filter((_, i) => data.tones[tone[i]][2]);
      one.hatched = {lane: hatched(lane), start: hatched(one.bars.start), end: hatched(one.bars.end)};
    }
    [drive, at] = [one, index];
    chosen = -1;
    const marks = one.marks.filter((mark) => mark.kind in MARKERS);
    named("marks").data = {t: marks.map((m) => (m.t + m.end_s) * 500),
      lane: marks.map((m) => [m.kind === "missed" ? "labels" : "alerts", 0.35]),
      marker: marks.map((m) => MARKERS[m.kind]), colour: marks.map((m) => m.kind === "missed" ? "#ffffff" : "#000000"),
      text: marks.map((m) => m.kind), detail: marks.map((m) => m.text), when: marks.map((m) => clock(m.t * 1000))};
    named("spans").data = one.bars;
    named("hatched").data = one.hatched;
    named("whole").setv({start: 0, end: one.duration_s * 1000});
    named("PERCLOS").end = 1.1 * one.curves.slow.perclos.reduce((high, value) => value > high ? value : high, 0.2);
    named("here").visible = false;
    $("drive").textContent = one.name;
    document.querySelectorAll("tr[data-drive]").forEach((row) => row.setAttribute("aria-selected", row.dataset.drive === String(index)));
    tell(one);
    look(0, one.duration_s * 1000);
    draw();
    pointed(0);
  }

  // the mark that went wrong after (1) or before (-1) the chosen one, in this drive or in another
  async function go(way) {
    const right = ({kind, changed}) => kind === "found" && !changed;
    for (let tried = 0, i = chosen < 0 && way < 0 ? 0 : chosen; tried <= data.drives.length; tried++) {
      for (i += way; i >= 0 && i < drive.marks.length; i += way) if (!right(drive.marks[i])) return jump(i);
      await open((at + way + data.drives.length) % data.drives.length);
      i = way > 0 ? -1 : drive.marks.length;
    }
  }

  function jump(index) {
    chosen = index;
    const {t, end_s} = drive.marks[chosen];
    named("here").setv({location: t * 1000, visible: true});
    look(t * 1000 - AROUND_MS, Math.max(end_s, t) * 1000 + AROUND_MS);
    pointed(t * 1000);
    document.querySelectorAll("button[data-mark]").forEach((button) => {
      const here = button.dataset.mark === String(chosen);
      button.setAttribute("aria-current", here);
      if (here) button.scrollIntoView({block: "nearest"});
    });
  }

  function zoom(factor, shift = 0) {
    const {start, end} = named("time"), middle = (start + end) / 2 + shift * (end - start), half = (end - start) / 2 * factor;
    look(middle - half, middle + half);
  }

  const actions = {
    whole: () => look(0, drive.duration_s * 1000), closer: () => zoom(0.5), wider: () => zoom(2),
    left: () => zoom(1, -0.25), right: () => zoom(1, 0.25), next: () => go(1), previous: () => go(-1),
  };
  const KEYS = {"0": "whole", "+": "closer", "-": "wider", "ArrowLeft": "left", "ArrowRight": "right", "n": "next", "p": "previous"};

  function sort(header) {
    const body = header.closest("table").tBodies[0], column = header.cellIndex, up = header.getAttribute("aria-sort") === "descending";
    const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
    const order = (a, b) => isNaN(key(a)) || isNaN(key(b)) ? key(a).localeCompare(key(b)) : key(a) - key(b);
    header.parentNode.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", up ? "ascending" : "descending");
    body.append(...[...body.rows].sort((a, b) => up ? order(a, b) : order(b, a)));
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button, tr[data-drive]");
    if (!button || !model) return;
    if (button.dataset.mark) jump(Number(button.dataset.mark));
    else if (button.dataset.action) actions[button.dataset.action]();
    else if (button.dataset.sort !== undefined) sort(button.closest("th"));
    else if (button.dataset.drive) await open(Number(button.dataset.drive));
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !drive || !KEYS[event.key]) return;
    actions[KEYS[event.key]]();
    event.preventDefault();
  });

  window.dmsReport = {moved, pointed, whole: () => actions.whole()};

  async function begin() {
    const bokeh = document.createElement("script");
    bokeh.textContent = await inflate($("bokeh").textContent).text();
    document.head.append(bokeh);
    const view = await Bokeh.embed.embed_item(data.charts, "charts");
    model = (view.roots ? view.roots[0] : view).model;
    await open(0);
    $("charts").setAttribute("aria-busy", "false");
  }

  begin().catch((error) => {
    $("charts").textContent = `The charts cannot be drawn in this browser (${error}). The tables below tell the same in words.`;
    throw error;
  });
})();
