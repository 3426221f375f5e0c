// The page's address is its state: filters, and the cell or the test that is open.
"use strict";

const query = document.getElementById("query");
const view = document.getElementById("view");
const more = document.getElementById("more");
const status = document.getElementById("status");
const clear = document.getElementById("clear");
const headline = document.title;
const verdictChips = [...document.querySelectorAll("button[data-verdict]")];
const workerChips = [...document.querySelectorAll("button[data-worker]")];
let state = readHash();
let lastCell = null; // opened last, to come back to
let turn = 0; // counts views, so that a slow one does not replace a newer one
let address = null; // of the view that is shown or being made

function readHash() {
  const at = new URLSearchParams(location.hash.slice(1));
  return {
    q: at.get("q") ?? "",
    verdicts: new Set((at.get("verdict") ?? "").split(",").filter(Boolean)),
    workers: new Set(at.getAll("worker")),
    cell: at.get("cell") ?? "",
    test: at.get("test") ?? "",
  };
}

/** Gives the address of a view; what is not said about filters stays as it is. */
function hashOf({ cell = "", test = "", q = state.q, verdicts = state.verdicts, workers = state.workers }) {
  const parts = [
    ["q", q.trim()],
    ["verdict", [...verdicts].join(",")],
    ...[...workers].map((worker) => ["worker", worker]),
    ["cell", cell],
    ["test", test],
  ];
  const told = parts.filter(([, value]) => value);
  return `#${told.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&")}`;
}

/** A link to another view that keeps the filters. */
const to = (next, text, props = {}) => h("a", { href: hashOf(next), ...props }, text);

/** Goes to a view; a filter takes the place of the last address instead of adding one. */
function go(next, { replace = false } = {}) {
  const hash = hashOf(next);
  if (hash === (location.hash || "#")) return;
  location[replace ? "replace" : "assign"](hash);
  show(); // the event comes later: a second click before it would start from the old state
}

const shownCells = () =>
  index.cells.flatMap((cell, i) =>
    !state.workers.size || state.workers.has(cell.worker) ? [i] : [],
  );

// -- showing -------------------------------------------------------------------------------------

async function show() {
  if (location.hash === address) return;
  address = location.hash;
  const before = state;
  state = readHash();
  const mine = ++turn;
  showFilters();
  showWorkers(state.workers);
  try {
    const built = await build();
    if (mine !== turn) return;
    view.replaceChildren(...built.view);
    more.replaceChildren(...built.more);
    built.paint();
  } catch (error) {
    if (mine !== turn) return;
    view.replaceChildren(h("p", { class: "note", role: "alert" }, error.message));
    more.replaceChildren();
  }
  const opened = Boolean(state.cell || state.test);
  document.body.classList.toggle("opened", opened);
  document.body.classList.toggle("incell", Boolean(state.cell));
  document.body.classList.toggle("searching", Boolean(state.q));
  settleFocus(before, opened);
  document.body.dataset.shown = mine; // for those who drive a browser
}

/** Makes what the state asks for; loads what that needs first. */
async function build() {
  document.title = headline;
  if (state.cell) return buildCell();
  if (state.test) return buildTest();
  if (state.q) return buildSearch();
  const wanted = [...state.verdicts];
  const letters = index.order.filter((letter) => wanted.includes(index.words[letter].name));
  status.textContent = "";
  return {
    view: [],
    more: [],
    paint: () => paint(wanted.length ? (i) => countsIn(index.cells[i], letters) : null, true),
  };
}

/** How many tests of a cell have one of some verdicts, and the worst of those. */
function countsIn(cell, letters) {
  const there = letters.filter((letter) => cell.counts[letter]);
  if (!there.length) return letters.includes(cell.letter) ? { letter: cell.letter, figures: "" } : null;
  const number = there.reduce((sum, letter) => sum + cell.counts[letter], 0);
  return { letter: there[0], figures: String(number) };
}

async function buildCell() {
  const number = index.cells.findIndex((cell) => cell.id === state.cell);
  if (number < 0) throw new Error("No pair of this matrix has that name.");
  const loads = [load(`cells/${number}`), load("tests"), loadPast()];
  const [cell, tests, past] = await Promise.all(loads);
  document.title = `${index.cells[number].title} · ${headline}`;
  lastCell = links.find((link) => Number(link.dataset.i) === number);
  return { view: [cellView(number, cell, tests, past, state)], more: [], paint: () => {} };
}

async function buildTest() {
  const [tests, past] = await Promise.all([load("tests"), loadPast()]);
  const number = tests.names.indexOf(state.test);
  const cells = shownCells();
  document.title = `${state.test} · ${headline}`;
  const look = (i) => {
    const letter = letterOf(tests, i, number);
    return letter === " " ? null : { letter, figures: index.words[letter].name };
  };
  return {
    view: [testHead(state.test, tests, cells)],
    more: [testList(state.test, tests, past, cells)].filter(Boolean),
    paint: () => paint(look),
  };
}

async function buildSearch() {
  const tests = await load("tests");
  const cells = shownCells();
  const letters = new Set(
    index.order.filter((it) => !state.verdicts.size || state.verdicts.has(index.words[it].name)),
  );
  const found = matching(tests.names, state.q).filter((test) =>
    cells.some((cell) => letters.has(letterOf(tests, cell, test))),
  );
  const looks = index.cells.map((_, cell) => {
    const there = found.map((test) => letterOf(tests, cell, test)).filter((it) => letters.has(it));
    if (!there.length) return null;
    const good = there.filter((letter) => index.words[letter].passes).length;
    return { letter: worst(new Set(there)), figures: `${good}/${there.length}` };
  });
  const pairs = looks.filter(Boolean).length;
  status.textContent = `${plural(found.length, "test")} in ${plural(pairs, "pair")}`;
  return {
    view: [results(state.q, tests, found, cells)],
    more: [],
    paint: () => paint((i) => looks[i], true),
  };
}

function showFilters() {
  if (document.activeElement !== query) query.value = state.q;
  const opened = index.cells.find((cell) => cell.id === state.cell);
  for (const chip of verdictChips) {
    const { verdict, letter, number } = chip.dataset;
    const pressed = state.verdicts.has(verdict);
    chip.ariaPressed = pressed;
    chip.hidden = Boolean(opened) && !opened.counts[letter] && !pressed;
    chip.lastElementChild.textContent = opened ? (opened.counts[letter] ?? 0) : number;
  }
  for (const item of document.querySelectorAll("#causes li"))
    item.hidden = state.verdicts.size > 0 && !state.verdicts.has(index.words[item.dataset.v].name);
  filterFloors(state.q);
  for (const chip of workerChips) chip.ariaPressed = state.workers.has(chip.dataset.worker);
  clear.hidden = !(state.q || state.verdicts.size || state.workers.size);
}

/** A view that opens takes the focus; one that closes gives it back to its cell. */
function settleFocus(before, opened) {
  if (before.cell === state.cell && before.test === state.test) return;
  if (opened) {
    const target = document.getElementById("focused") ?? view.querySelector("h2");
    target?.scrollIntoView({ block: "start" });
    (target?.querySelector("summary") ?? target)?.focus({ preventScroll: true });
    if (target?.id !== "focused") scrollTo(0, 0);
  } else if (lastCell && reachable(lastCell)) lastCell.focus();
}

// -- what people do ------------------------------------------------------------------------------

function toggled(set, value) {
  const next = new Set(set);
  if (!next.delete(value)) next.add(value);
  return next;
}

let typing;
query.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => go({ q: query.value }, { replace: true }), 120);
});
for (const chip of verdictChips)
  chip.addEventListener("click", () =>
    go({ ...state, verdicts: toggled(state.verdicts, chip.dataset.verdict) }, { replace: true }),
  );
for (const chip of workerChips)
  chip.addEventListener("click", () =>
    go({ ...state, workers: toggled(state.workers, chip.dataset.worker) }, { replace: true }),
  );
clear.addEventListener("click", () => {
  query.value = "";
  go({ ...state, q: "", verdicts: new Set(), workers: new Set() });
});
document.querySelector("form.tools").addEventListener("submit", (event) => event.preventDefault());

/** Links of the static part know nothing of filters, and of the test that the grid shows. */
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a.cell, :is(#causes, #floors) a[href^='#']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const at = new URLSearchParams(link.hash.slice(1));
  go({ cell: at.get("cell") ?? "", test: at.get("test") ?? state.test });
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") back();
  if (event.target.matches?.("input")) return;
  if (event.key === "/") {
    event.preventDefault();
    query.focus();
    query.select();
  }
  view.querySelector(`a[data-key="${CSS.escape(event.key)}"]`)?.click();
});

/** One step back: from a cell to its test or the grid, from a test to the grid, then no filters. */
function back() {
  if (document.activeElement === query && !query.value) query.blur();
  else if (state.cell) go({ test: state.test });
  else if (state.test) go({});
  else if (!clear.hidden) clear.click();
}
addEventListener("hashchange", show);
addEventListener("beforeprint", () => {
  for (const it of view.querySelectorAll("details")) it.open = true;
});
document.querySelector("form.tools").hidden = false;
showAges();
show();
