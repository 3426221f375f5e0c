// What opens for a test across all cells, and for a search.
"use strict";

const RESULTS = 12;
const MOST_RESULTS = 500;

/** What stands above the grid, which is painted with the test's verdicts. */
function testHead(name, tests, cells) {
  const number = tests.names.indexOf(name);
  const letters = cells.map((cell) => letterOf(tests, cell, number)).filter((it) => it !== " ");
  const counts = index.order.filter((letter) => letters.includes(letter));
  return h(
    "article",
    { class: "testview" },
    h("nav", { class: "crumbs", "aria-label": "Tests" }, to({}, "← All pairs", { class: "back" })),
    h("h2", { tabindex: "-1", class: "name" }, name),
    number < 0
      ? h("p", { class: "note" }, "No pair of this matrix has a test of that name.")
      : h(
          "p",
          { class: "tally" },
          counts.map((letter) => [
            h("span", {}, badge(letter), ` ${letters.filter((it) => it === letter).length} `,
              index.words[letter].name),
            " ",
          ]),
          h("span", {}, `in ${letters.length} of ${plural(cells.length, "pair")}`),
        ),
  );
}

/** Where the test does not simply pass, by verdict and cause. */
function testList(name, tests, past, cells) {
  const number = tests.names.indexOf(name);
  const groups = new Map();
  for (const cell of cells) {
    const letter = letterOf(tests, cell, number);
    if (letter === " " || letter === PLAIN) continue;
    const key = `${String(rank(letter)).padStart(2, "0")}${causeOf(tests, cell, number)}`;
    groups.set(key, [...(groups.get(key) ?? []), cell]);
  }
  const card = ([key, members]) => {
    const letter = index.order[Number(key.slice(0, 2))];
    return h(
      "li",
      {},
      badge(letter),
      h(
        "div",
        {},
        h("p", { class: "line" }, key.slice(2) || `(${index.words[letter].meaning})`),
        h("ul", { class: "pairs" }, members.map((cell) => pairItem(cell, name, number, past))),
      ),
    );
  };
  const sorted = [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
  if (!sorted.length) return null;
  return section("Where it does not simply pass", h("ol", { class: "causes" }, sorted.map(card)));
}

function pairItem(cell, name, number, past) {
  const since = past.since[cell]?.[number];
  return h(
    "li",
    {},
    to({ cell: index.cells[cell].id, test: name }, index.cells[cell].title, { class: "pair" }),
    since && h("span", { class: "since" }, ` since ${day(since[1])}, frontend ${since[2]}`),
  );
}

// -- a search ------------------------------------------------------------------------------------

/** Tests and pairs that a search found; the rest behind a button. */
function results(query, tests, found, cells) {
  const low = query.toLowerCase();
  const pairs = cells.filter((cell) => index.cells[cell].title.toLowerCase().includes(low));
  const list = h("ul", { class: "results" });
  const item = (test) => {
    const letters = cells.map((cell) => letterOf(tests, cell, test)).filter((it) => it !== " ");
    const kinds = index.order.filter((letter) => letters.includes(letter));
    return h(
      "li",
      {},
      to({ test: tests.names[test] }, tests.names[test], { class: "name" }),
      kinds.map((it) => [
        " ", badge(it), h("span", {}, ` ${letters.filter((other) => other === it).length}`),
      ]),
    );
  };
  const show = (tests_) => list.append(...tests_.map(item));
  show(found.slice(0, RESULTS));
  const more = found.length > RESULTS && h("button", { type: "button", click: all },
    `Show ${Math.min(found.length, MOST_RESULTS) - RESULTS} more`);
  function all() {
    show(found.slice(RESULTS, MOST_RESULTS));
    more.remove();
  }
  const summary = [plural(found.length, "test"), pairs.length && plural(pairs.length, "pair")];
  return h(
    "section",
    { class: "found" },
    h("h2", {}, "Found ", h("small", {}, summary.filter(Boolean).join(" and "))),
    pairs.length > 0 && h("p", {}, pairs.slice(0, RESULTS).map((cell) =>
      [to({ cell: index.cells[cell].id }, index.cells[cell].title, { class: "pair" }), " "])),
    list,
    more,
  );
}

/** Show the rows of the floors table whose test is searched for. */
function filterFloors(text) {
  const rows = [...document.querySelectorAll("#floors tr[data-test]")];
  const kept = new Set(matching(rows.map((row) => row.dataset.test), text));
  rows.forEach((row, i) => (row.hidden = !kept.has(i)));
}
