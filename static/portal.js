// What script adds to the portal's pages. Every page works without it.
//
// No markup is ever built from text here: values go in by textContent only, so the pages can demand
// Trusted Types. What only script gives a meaning is marked `data-script` or `data-copy`, and what
// stands for it elsewhere `data-no-script`; the style sheet shows the one or the other, so that nothing
// moves when this runs.
"use strict";

const COPIED_FOR_MS = 2000;

// What is said stands in the page, in the page's language.
const said = document.getElementById("said");

function say(text) {
  if (said) said.textContent = text ?? "";
}

function selectAll(source) {
  if (source instanceof HTMLTextAreaElement) {
    source.select();
    return;
  }
  getSelection()?.selectAllChildren(source);
}

function markCopied(button) {
  const label = button.querySelector("[data-label]");
  const before = label?.textContent;
  button.classList.add("is-done");
  if (label) label.textContent = said?.dataset.copied;
  say(said?.dataset.copied);
  setTimeout(() => {
    button.classList.remove("is-done");
    if (label) label.textContent = before;
    say("");
  }, COPIED_FOR_MS);
}

function setUpCopying() {
  for (const button of document.querySelectorAll("[data-copy]")) {
    const source = document.getElementById(button.dataset.copy);
    if (!source) continue;
    button.addEventListener("click", async () => {
      if (button.classList.contains("is-done")) return;
      const text = source instanceof HTMLTextAreaElement ? source.value : source.textContent;
      try {
        await navigator.clipboard.writeText(text);
        markCopied(button);
      } catch {
        selectAll(source);
        say(said?.dataset.selected);
      }
    });
  }
}

function clockText(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

// Counts from the seconds that the server stated, not from the end time: this device's clock may be
// wrong, but its difference since the page came is right, through sleep as well.
function setUpCountdown() {
  const clock = document.querySelector("[data-countdown]");
  if (!clock) return;
  const bar = document.querySelector("[data-countdown-bar]");
  const over = document.querySelector("[data-countdown-over]");
  const atStart = Number(clock.dataset.countdown);
  const startedAt = Date.now();
  const tick = () => {
    const passed = Math.floor((Date.now() - startedAt) / 1000);
    const left = Math.max(0, Math.min(atStart, atStart - passed));
    clock.textContent = clockText(left);
    if (bar) bar.value = left;
    if (left > 0) return;
    clearInterval(timer);
    if (over) over.hidden = false;
    say(said?.dataset.ended);
  };
  const timer = setInterval(tick, 1000);
  tick();
}

function setUpLocalTime() {
  for (const element of document.querySelectorAll("[data-local-time]")) {
    const at = new Date(element.dataset.localTime);
    if (at.getTimezoneOffset() === 0) continue;
    const local = at.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
    element.textContent = element.dataset.words.replace("{time}", local);
  }
}

function closeMenusOutside(event) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    const escaped = event.type === "keydown" && event.key === "Escape";
    const left = event.type === "click" && !menu.contains(event.target);
    if (escaped || left) menu.open = false;
    if (escaped) menu.querySelector("summary").focus();
  }
}

setUpCopying();
setUpCountdown();
setUpLocalTime();
document.addEventListener("click", closeMenusOutside);
document.addEventListener("keydown", closeMenusOutside);
