// What opens for a cell: what its tests did, by verdict and root cause, and how to do it again.
"use strict";

const BROKEN_SHOWN = 3; // causes whose first test is open when a cell is opened

/**
 * @param {number} number of the cell
 * @param {Object} view what cells/<number>.js gave
 */
function cellView(number, view, tests, past, state) {
  const cell = index.cells[number];
  const shown = view.groups ?? [];
  const wanted = new Set(matching(tests.names, state.q));
  const groups = shown
    .filter((group) => !state.verdicts.size || state.verdicts.has(index.words[group.letter].name))
    .map((group) => ({ ...group, tests: group.tests.filter((it) => wanted.has(it.test)) }))
    .filter((group) => group.tests.length);
  return h(
    "article",
    { class: "cellview" },
    crumbs(number),
    h("h2", { tabindex: "-1" }, badge(cell.letter, stateOf(cell)), " ", cell.title),
    h("p", { class: "headline" }, view.headline),
    view.error && h("pre", { class: "error" }, view.error),
    view.hint && h("p", { class: "hint" }, h("b", {}, "What to do: "), view.hint),
    reproduce(view),
    strip(past.runs[number]),
    facts(cell, view),
    byVerdict(groups, { number, view, tests, past, state }),
    compatible(number, cell, tests, wanted, state),
    entries(view.entries),
    view.notes && section("Notes", h("ul", {}, view.notes.map((note) => h("li", {}, note)))),
  );
}

function section(title, ...children) {
  return h("section", {}, h("h3", {}, title), ...children);
}

/** The way back, and to the cells before and after this one that somebody should look at. */
function crumbs(number) {
  const worth = index.cells.flatMap((cell, i) => (index.words[cell.letter].trouble ? [i] : []));
  const before = worth.filter((i) => i < number).at(-1);
  const after = worth.find((i) => i > number);
  const step = (i, text, key) =>
    i !== undefined &&
    to({ cell: index.cells[i].id }, text, { "data-key": key, title: index.cells[i].title });
  return h(
    "nav",
    { class: "crumbs", "aria-label": "Pairs" },
    to({}, "← All pairs", { class: "back" }),
    h("span", {}, step(before, "↑ previous trouble", "k"), step(after, "next trouble ↓", "j")),
  );
}

function reproduce(view) {
  return h(
    "dl",
    { class: "reproduce" },
    view.command && h("div", {}, h("dt", {}, "Reproduce"), h("dd", {}, command(view.command))),
    view.rerun &&
      h("div", {}, h("dt", {}, "Unexpected tests only"), h("dd", {}, command(view.rerun))),
  );
}

/** Earlier runs of a cell, oldest first. */
function strip(runs) {
  if (!runs?.length) return null;
  const item = ([run, started, frontend, label, letter]) =>
    h(
      "li",
      { title: `${moment(started)}: ${label}, frontend ${frontend}, run ${run}` },
      badge(letter, stateOf({ label, letter })),
      h("span", { class: "sr" }, `${day(started)} ${label}`),
    );
  return h(
    "div",
    { class: "history" },
    h("span", {}, `Last ${plural(runs.length, "run")}, since ${day(runs[0][1])}`),
    h("ol", { class: "strip" }, runs.map(item)),
  );
}

function facts(cell, view) {
  const rows = [
    ["started", cell.started && `${moment(cell.started)} (${age(cell.started)})`],
    ...(view.facts ?? []),
  ];
  return h(
    "details",
    { class: "facts" },
    h("summary", {}, "How it was run"),
    h(
      "dl",
      {},
      rows.map(([name, text]) => text && h("div", {}, h("dt", {}, name), h("dd", {}, text))),
    ),
    h(
      "p",
      { class: "files" },
      (view.files ?? []).map(([name, address]) => [h("a", { href: address }, name), " "]),
    ),
  );
}

function byVerdict(groups, context) {
  let opened = 0;
  const letters = [...new Set(groups.map((group) => group.letter))];
  return letters.map((letter) => {
    const { name, meaning, trouble, folded } = index.words[letter];
    const members = groups.filter((group) => group.letter === letter);
    const number = members.reduce((sum, group) => sum + group.tests.length, 0);
    const cards = members.map((group) =>
      causeCard(group, context, trouble && opened++ < BROKEN_SHOWN),
    );
    const title = [badge(letter), ` ${name} `, h("small", {}, `${number} · ${meaning}`)];
    return folded && number > 1
      ? h("details", { class: "verdict" }, h("summary", {}, h("h3", {}, ...title)), cards)
      : h("section", { class: "verdict" }, h("h3", {}, ...title), cards);
  });
}

/** Tests that have one verdict for one cause. */
function causeCard(group, context, open) {
  const [first] = group.tests;
  const shared = group.tests.every((it) => it.entry === first.entry) && first.entry !== undefined;
  const entry = shared && context.view.entries[first.entry];
  return h(
    "div",
    { class: "cause", "data-v": group.letter },
    group.cause && h("p", { class: "line" }, group.cause),
    group.tests.length > 1 && h("p", { class: "count" }, plural(group.tests.length, "test")),
    entry && entryLine(entry),
    group.tests.map((test, i) => testItem(test, context, { open: open && i === 0, shared })),
  );
}

function testItem(test, { number, view, tests, past, state }, { open, shared }) {
  const name = tests.names[test.test];
  const since = past.since[number]?.[test.test];
  const flakes = past.flakes[number]?.[test.test];
  const focused = state.test === name;
  return h(
    "details",
    { class: "test", open: open || focused, id: focused ? "focused" : null },
    h(
      "summary",
      {},
      h("span", { class: "name" }, name),
      h("span", { class: "did" }, `${test.control.did} → ${test.candidate.did}`),
      since && h("span", { class: "since" }, `since ${day(since[1])}`),
      flakes && h("span", { class: "since" }, `flakes in ${Math.round(100 * flakes)} %`),
    ),
    h(
      "div",
      { class: "sides" },
      side("control", "what it is held against", test.control),
      side("candidate", "what is under test", test.candidate),
    ),
    !shared && test.entry !== undefined && entryLine(view.entries[test.entry]),
    h(
      "p",
      { class: "files" },
      to({ test: name }, "This test in all pairs"),
      since && ` · fails since ${moment(since[1])}, run ${since[0]}, frontend ${since[2]}`,
    ),
    h("p", { class: "full" }, test.name),
  );
}

function side(leg, what, { did = "", error = "", log = "", daemon = "" }) {
  return h(
    "div",
    { class: `side ${leg}` },
    h("h4", {}, leg, h("small", {}, ` ${what}`)),
    h("p", { class: "did" }, did),
    error && h("pre", { tabindex: "0", "aria-label": `${leg}'s error` }, error),
    (log || daemon) &&
      h(
        "p",
        { class: "files" },
        log && h("a", { href: log }, log.endsWith("raw.log") ? "whole output" : "log"),
        " ",
        daemon && h("a", { href: daemon }, "daemon's log"),
      ),
  );
}

function entryLine(entry) {
  return h(
    "p",
    { class: "entry" },
    h("b", {}, entry.status),
    ` ${entry.reason} `,
    entry.issue && outside(entry.issue),
    h("small", {}, ` ${entry.where}`),
  );
}

function entries(list) {
  if (!list?.length) return null;
  const used = (entry) => (entry.tests ? plural(entry.tests, "test") : "matched no test");
  return section(
    "Skip-list entries in force",
    h(
      "ul",
      { class: "entries" },
      list.map((entry) => h("li", {}, entryLine(entry), h("span", {}, used(entry)))),
    ),
  );
}

function compatible(number, cell, tests, wanted, state) {
  if (state.verdicts.size && !state.verdicts.has("compatible")) return null;
  const [first, letters] = tests.cells[number];
  const names = [...letters].flatMap((letter, i) =>
    letter === PLAIN && wanted.has(first + i) ? [tests.names[first + i]] : [],
  );
  if (!names.length) return null;
  names.sort();
  return h(
    "details",
    { class: "verdict" },
    h(
      "summary",
      {},
      h("h3", {}, badge("P"), " compatible ", h("small", {}, `${names.length} · passes with both`)),
    ),
    h("ul", { class: "names" }, names.map((name) => h("li", {}, to({ test: name }, name)))),
  );
}
