// Opens rows, searches, and shows one daemon or all. Everything is in the page; nothing is made of text.
"use strict";

const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

const boards = all(".board");
const query = one("#query");
const daemon = one("#daemon");
const frontend = one("#frontend");
const chips = all(".chip");
const clear = one("#clear");

const pressed = () => chips.filter((it) => it.ariaPressed === "true").map((it) => it.dataset.answer);
const shown = () => boards.find((it) => !it.hidden);
const below = (row) => row.nextElementSibling;
const opener = (row) => one("button", row);

/** Opens or closes a row. */
function open(row, is) {
  opener(row).ariaExpanded = String(is);
  below(row).hidden = !is;
}

/** What a row does on the chosen daemon, or on any. */
function answers(row) {
  return all("td[data-a]", row)
    .filter((it) => !daemon.value || it.dataset.d === daemon.value)
    .map((it) => it.dataset.a);
}

/** Shows the columns of the chosen daemon alone, where this frontend was tried there. */
function columns(board) {
  const there = all(".area th[data-d]", board).some((it) => it.dataset.d === daemon.value);
  board.classList.toggle("one", there);
  for (const it of all("[data-d]", board)) it.hidden = there && it.dataset.d !== daemon.value;
}

/** Shows what is asked for, and says how much that is. */
function apply() {
  const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = pressed();
  if (frontend) for (const it of boards) it.hidden = it.id !== frontend.value;
  const board = shown();
  if (!board) return;
  columns(board);
  const counts = {};
  let number = 0;
  for (const row of all(".row", board)) {
    const did = answers(row);
    const found = words.every((it) => row.dataset.find.includes(it));
    if (found) for (const it of new Set(did)) counts[it] = (counts[it] || 0) + 1;
    row.hidden = !found || (wanted.length > 0 && !did.some((it) => wanted.includes(it)));
    below(row).hidden = row.hidden || opener(row).ariaExpanded !== "true";
    number += row.hidden ? 0 : 1;
  }
  for (const area of all("tbody", board)) area.hidden = !one(".row:not([hidden])", area);
  for (const it of chips) {
    it.lastElementChild.textContent = counts[it.dataset.answer] || 0;
    it.hidden = !counts[it.dataset.answer] && it.ariaPressed !== "true";
  }
  clear.hidden = !(words.length || wanted.length || daemon.value);
  say(board, number, counts);
}

/** Says in a sentence what is shown. */
function say(board, number, counts) {
  const total = all(".row", board).length;
  const there = board.classList.contains("one");
  const told = chips
    .map((it) => it.dataset.answer)
    .filter((it) => counts[it])
    .map((it) => `${counts[it]} ${it}`);
  const where = there ? ` on ${daemon.value}: ${told.join(", ")}` : "";
  const absent = daemon.value && !there ? `, ${daemon.value} was not tried with this frontend` : "";
  one("#status").textContent = `${number} of ${total} features${where}${absent}`;
}

/** Writes what is asked for into the address, so that it can be shared. */
function remember(feature = "") {
  const state = new URLSearchParams();
  if (frontend && frontend.selectedIndex > 0) state.set("frontend", frontend.value);
  if (daemon.value) state.set("daemon", daemon.value);
  if (pressed().length) state.set("answer", pressed().join(","));
  if (query.value) state.set("q", query.value);
  if (feature) state.set("feature", feature);
  history.replaceState(null, "", state.size ? `#${state}` : location.pathname);
}

/** Shows what the address asks for. */
function recall() {
  const state = new URLSearchParams(location.hash.slice(1));
  const asked = (name) => state.get(name) || "";
  const has = (select, value) => [...select.options].some((it) => it.value === value);
  query.value = asked("q");
  daemon.value = has(daemon, asked("daemon")) ? asked("daemon") : "";
  if (frontend && has(frontend, asked("frontend"))) frontend.value = asked("frontend");
  const wanted = asked("answer").split(",");
  for (const it of chips) it.ariaPressed = String(wanted.includes(it.dataset.answer));
  apply();
  const row = all(".row", shown()).find((it) => it.dataset.feature === asked("feature"));
  if (!row || row.hidden) return;
  open(row, true);
  row.scrollIntoView({ block: "center" });
  opener(row).focus({ preventScroll: true });
}

function changed() {
  apply();
  remember();
}

/** Moves from row to row, past those that are not shown. */
function move(from, step) {
  const rows = all(".row:not([hidden])", shown());
  const next = rows[rows.indexOf(from) + step];
  if (next) opener(next).focus();
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const row = event.target.closest(".row");
  const typing = event.target.closest("input, select");
  if (event.key === "/" && !typing) query.focus();
  else if (event.key === "ArrowDown" && row) move(row, 1);
  else if (event.key === "ArrowUp" && row) move(row, -1);
  else if (event.key === "Escape" && event.target === query) reset();
  else if (event.key === "Escape") close(event.target);
  else return;
  event.preventDefault();
}

/** Closes the row that somebody is in, and goes back to it. */
function close(target) {
  const more = target.closest(".more");
  const row = more ? more.previousElementSibling : target.closest(".row");
  if (!row) return;
  open(row, false);
  opener(row).focus();
}

function reset() {
  query.value = daemon.value = "";
  for (const it of chips) it.ariaPressed = "false";
  changed();
}

function click(event) {
  const button = event.target.closest("button");
  if (!button) return;
  const row = button.closest(".row");
  if (row) {
    const is = button.ariaExpanded !== "true";
    open(row, is);
    remember(is ? row.dataset.feature : "");
  } else if (button.matches(".chip")) {
    button.ariaPressed = String(button.ariaPressed !== "true");
    changed();
  } else if (button === clear) reset();
}

if (boards.length) {
  for (const row of all(".row")) open(row, false);
  one("form.tools").hidden = false;
  one("form.tools").addEventListener("submit", (event) => event.preventDefault());
  query.addEventListener("input", changed);
  for (const it of [daemon, frontend]) if (it) it.addEventListener("change", changed);
  document.addEventListener("click", click);
  document.addEventListener("keydown", keys);
  addEventListener("hashchange", recall);
  addEventListener("beforeprint", () => all("details").forEach((it) => (it.open = true)));
  recall();
}
document.body.dataset.shown = "1";
