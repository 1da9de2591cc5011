"use strict";

const words = { good: "✓ GOOD", usable: "! USABLE", not_usable: "✗ NOT USABLE" };
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const at = (id) => document.getElementById(id);

function showVerdict(kind, text) {
  const verdict = at("verdict");
  if (verdict.textContent !== text) verdict.textContent = text;
  verdict.className = kind;
}

function showLines(lines) {
  const list = at("advice");
  if (list.dataset.lines === JSON.stringify(lines)) return;
  list.dataset.lines = JSON.stringify(lines);
  list.replaceChildren(...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
}

function show(seen) {
  if (seen.fault) {
    showVerdict("fault", "✗ NO PICTURE");
    showLines([seen.fault]);
  } else if (seen.verdict) {
    showVerdict(seen.verdict, words[seen.verdict]);
    showLines(seen.advice.length ? seen.advice : [seen.headline.replace(/^good: /, "")]);
  } else {
    showVerdict("", "looking …");
  }
  if (seen.picture) {
    at("picture").src = "data:image/jpeg;base64," + seen.picture;
    at("picture").hidden = false;
    at("picture").dataset.number = seen.number;
  }
  at("test").hidden = !seen.can_test;
  const minutes = Math.ceil(seen.ends_in_s / 60);
  at("ends").textContent = "This page ends by itself in " + minutes + (minutes === 1 ? " minute." : " minutes.");
}

function end() {
  showVerdict("ended", "ENDED");
  showLines(["Start it again on the machine: dms aim --serve"]);
  at("picture").hidden = true;
  at("picture").removeAttribute("src");
  at("test").hidden = true;
  at("ends").textContent = "";
}

async function follow() {
  let number = 0;
  let missed = 0;
  while (missed < 5) {
    try {
      const answer = await fetch("/seen?after=" + number);
      if (answer.status === 403) return location.reload();
      if (answer.status === 410) break;
      const seen = await answer.json();
      number = seen.number;
      missed = 0;
      show(seen);
    } catch {
      missed += 1;
      await pause(500);
    }
  }
  end();
}

async function tryAlert() {
  const button = at("test");
  const outcome = at("outcome");
  button.disabled = true;
  outcome.hidden = false;
  outcome.textContent = "";
  try {
    const answer = await fetch("/test-alert", { method: "POST" });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) outcome.textContent += part.value;
  } catch {
    outcome.textContent += "the connection broke off";
  }
  button.disabled = false;
}

at("test").addEventListener("click", tryAlert);
follow();
