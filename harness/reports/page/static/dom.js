// Elements, times and what is copied. Texts become text nodes, never markup.
"use strict";

/**
 * Builds an element.
 * @param {string} tag
 * @param {Object<string, string|boolean|Function|null>} [props] attributes, and listeners by event
 * @param {...(Node|string|null|false|Array)} children
 * @returns {HTMLElement}
 */
function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(2).filter((child) => child || child === 0));
  return element;
}

/** A verdict's letter on its colour. */
const badge = (letter, state = "") =>
  h("b", { class: "badge", "data-v": letter, "data-s": state || null }, letter);

const plural = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

const SECONDS = { d: 86400, h: 3600, min: 60 };

/** Says how long ago a time was: `3 h`. Empty for what is no time. */
function age(iso) {
  const seconds = (Date.now() - Date.parse(iso)) / 1000;
  if (Number.isNaN(seconds)) return "";
  for (const [unit, length] of Object.entries(SECONDS))
    if (seconds >= length) return `${Math.floor(seconds / length)} ${unit}`;
  return "now";
}

/** Writes a time as `2026-11-23 18:06 UTC`. */
function moment(iso) {
  const time = new Date(iso);
  return Number.isNaN(time.getTime())
    ? iso
    : `${time.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

const day = (iso) => moment(iso).slice(0, 10);

/** Puts ages into the static grid and behind the time of the run; dates stay as titles. */
function showAges() {
  for (const time of document.querySelectorAll("a.cell time")) {
    time.title = moment(time.dateTime);
    time.textContent = age(time.dateTime) || time.textContent;
  }
  const started = document.querySelector("#started time");
  const ago = age(started.dateTime);
  if (ago) started.after(ago === "now" ? ", just now" : `, ${ago} ago`);
}

/** A command with a button that copies it. */
function command(text) {
  const code = h("code", {}, text);
  const button = h("button", { type: "button", class: "copy", click: copy }, "Copy");
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code); // no clipboard here: leave it to Ctrl+C
      button.textContent = "Selected";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  }
  return h("span", { class: "command" }, code, button);
}

/** A link to the web if the text is one, else the text. */
function outside(text) {
  if (!/^https?:\/\/\S+$/.test(text)) return text;
  return h("a", { href: text, rel: "noopener noreferrer", target: "_blank" }, text);
}
