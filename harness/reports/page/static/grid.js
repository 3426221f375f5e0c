// The grid: repainted for a filter, a search or a test, and walked through with the arrow keys.
"use strict";

const links = [...document.querySelectorAll("a.cell")];
const tables = [...document.querySelectorAll("table.grid")];
const untouched = new Map(
  links.map((link) => [
    link,
    { letter: link.dataset.v, figures: figures(link).textContent, told: link.ariaLabel },
  ]),
);

function figures(link) {
  return link.querySelector(".n");
}

/**
 * Repaints the grid.
 * @param {?function(number): ?{letter: string, figures: string}} look what to show of a cell, null
 *   to let it fade; without a function the grid shows the pairs' own verdicts
 * @param {boolean} fold whether rows and columns go in which nothing is left
 */
function paint(look, fold = false) {
  document.body.classList.toggle("filtered", Boolean(look));
  for (const link of links) {
    const own = untouched.get(link);
    const shown = look ? look(Number(link.dataset.i)) : own;
    const { letter, figures: text } = shown ?? { letter: own.letter, figures: link.dataset.s };
    link.classList.toggle("faded", !shown);
    link.dataset.v = letter;
    link.querySelector("b").textContent = letter;
    figures(link).textContent = text;
    const cell = index.cells[link.dataset.i];
    const verdict = shown ? `${index.words[letter].name} ${text}` : "not concerned";
    link.ariaLabel = look ? `${cell.title}: ${verdict}` : own.told;
    if (link.title) link.title = link.ariaLabel;
  }
  tables.forEach((table) => foldTable(table, Boolean(look) && fold));
  tables.forEach(keepOneStop);
}

function foldTable(table, fold) {
  const rows = [...table.tBodies].flatMap((body) => [...body.rows]);
  const alive = (td) => td.querySelector("a.cell:not(.faded)");
  const columns = new Set();
  for (const row of rows) {
    const kept = [...row.cells].filter(alive);
    kept.forEach((td) => columns.add(td.cellIndex));
    row.hidden = fold && !kept.length;
  }
  for (const row of [table.tHead.rows[0], ...rows])
    for (const td of row.cells) td.hidden = fold && td.cellIndex > 0 && !columns.has(td.cellIndex);
  table.closest("section").classList.toggle("void", fold && !columns.size);
}

/** Shows the grids of some workers; all if none is named. */
function showWorkers(workers) {
  for (const section of document.querySelectorAll("section.variant"))
    section.hidden = workers.size > 0 && !workers.has(section.dataset.worker);
}

// -- keyboard: the grid is one stop of the Tab key, arrows move inside ---------------------------

const reachable = (link) => !link.closest("[hidden]");

function keepOneStop(table) {
  const inside = links.filter((link) => table.contains(link) && reachable(link));
  const stop = inside.find((link) => link.tabIndex === 0) ?? inside[0];
  links.filter((link) => table.contains(link)).forEach((link) => (link.tabIndex = -1));
  if (stop) stop.tabIndex = 0;
}

const STEPS = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  Home: [0, -Infinity],
  End: [0, Infinity],
};

/** Finds the next cell in a direction, over holes; Home and End give the outermost. */
function neighbour(link, key) {
  const [down, right] = STEPS[key];
  const rows = [...link.closest("table").querySelectorAll("tbody tr")];
  const places = rows.map((row) => [...row.cells].map((td) => td.querySelector("a.cell")));
  const row = rows.indexOf(link.closest("tr"));
  const column = link.closest("td").cellIndex;
  const path = down ? places.map((line) => line[column]) : places[row];
  const here = down ? row : column;
  const ahead = down + right > 0 ? path.slice(here + 1) : path.slice(0, here).reverse();
  const found = ahead.filter((other) => other && reachable(other));
  return Math.abs(right) === Infinity ? found.at(-1) : found[0];
}

function walk(event) {
  const link = event.target.closest?.("a.cell");
  if (!link || !(event.key in STEPS) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const next = neighbour(link, event.key);
  next?.focus();
}

tables.forEach((table) => table.addEventListener("keydown", walk));
links.forEach((link) => link.addEventListener("focus", () => makeStop(link)));

function makeStop(link) {
  for (const other of link.closest("table").querySelectorAll("a.cell[tabindex='0']"))
    other.tabIndex = -1;
  link.tabIndex = 0;
}
