// What was measured: the index in this page, and scripts that are loaded when they are needed.
"use strict";

const index = JSON.parse(document.getElementById("index").textContent);
const given = new Map();
const asked = new Map();

const policy = window.trustedTypes?.createPolicy("compat", {
  createScriptURL(name) {
    if (/^(tests|past|cells\/\d+)\.js$/.test(name)) return name;
    throw new TypeError(`no data of this page: ${name}`);
  },
});

/** Called by the scripts that hold data. */
function give(name, value) {
  given.set(name, value);
}

/**
 * Loads `tests`, `past` or `cells/17`, once. fetch() does not work on file://.
 * @returns {Promise<any>}
 */
function load(name) {
  if (!asked.has(name)) {
    const address = `${name}.js`;
    const loading = new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.onload = () => resolve(given.get(name));
      script.onerror = () => reject(new Error(`${address} is missing beside this page`));
      script.src = policy ? policy.createScriptURL(address) : address;
      document.head.append(script);
    });
    asked.set(name, loading);
    loading.catch(() => asked.delete(name));
  }
  return asked.get(name);
}

const NO_PAST = { runs: {}, since: {}, flakes: {} };
const loadPast = () => (index.history ? load("past") : Promise.resolve(NO_PAST));

/** The letter of a test that passes with both. */
const PLAIN = index.order.find((letter) => index.words[letter].name === "compatible");

/** What to call a state that kept a pair from a result; empty if its letter is a verdict's. */
const stateOf = ({ label, letter }) =>
  index.words[letter].state || label !== index.words[letter].name ? label : "";

/** The letter of a test in a cell; blank if the cell does not have it. */
function letterOf(tests, cell, test) {
  const [first, letters] = tests.cells[cell];
  return letters[test - first] ?? " ";
}

/** The line that names the cause of a test's verdict in a cell, or an empty text. */
function causeOf(tests, cell, test) {
  const [first, letters, causes] = tests.cells[cell];
  let place = 0;
  for (let i = 0; i < test - first; i++) if (letters[i] !== PLAIN && letters[i] !== " ") place++;
  return tests.causes[causes[place]] ?? "";
}

const rank = (letter) => index.order.indexOf(letter);

/** Of some letters the one to show where there is room for one. */
const worst = (letters) => [...letters].sort((a, b) => rank(a) - rank(b))[0];

/** Numbers of the tests that a search means: all of its words, in any case. */
function matching(names, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (name) => words.every((word) => name.toLowerCase().includes(word));
  return names.flatMap((name, number) => (has(name) ? [number] : []));
}
