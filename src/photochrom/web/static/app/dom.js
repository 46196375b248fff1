/** Elements, and how the page speaks: quietly to screen readers, in a line at the foot of the window to all. */

import { t } from "./i18n.js";

/** @returns {any} */
export const $ = (selector, root = document) => root.querySelector(selector);

/**
 * An element. Keys of `props` that begin with "on" are listeners; "style" is an object; others are attributes, or properties
 * where their value is no text.
 * @returns {any}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "style") for (const [name, text] of Object.entries(value)) element.style.setProperty(name, text);
    else if (key === "class") element.className = value;
    else if (typeof value === "string" || typeof value === "number") element.setAttribute(key, String(value));
    else if (value !== undefined && value !== null) element[key] = value;
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** A file's name, which is broken before its ending rather than in it. @returns {(string|HTMLElement)[]} */
export function fileName(name) {
  const [, stem, ending] = /^(.+?)(\.\w{1,5})?$/s.exec(name) ?? [name, name];
  return ending ? [stem, document.createElement("wbr"), h("span", { class: "ending" }, ending)] : [stem];
}

/** A picture from the sheet of symbols in the page. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** Announces a text to screen readers. */
export function announce(text) {
  $("#live").textContent = "";
  requestAnimationFrame(() => ($("#live").textContent = text));
}

let timer = 0;
let ends = 0;
const box = () => $("#toast");

/**
 * A line at the foot of the window. Nothing stays for ever: a fault is read at leisure, and `about` lets it go as soon as it is mended.
 * @param {{kind?: "info"|"error", action?: string, act?: () => void, stay?: boolean, about?: string}} options
 */
export function toast(text, { kind = "info", action = "", act = () => {}, stay = false, about = "" } = {}) {
  const line = box();
  line.className = `toast ${kind}`;
  line.dataset.about = about;
  line.setAttribute("role", kind === "error" ? "alert" : "status");
  line.replaceChildren(
    h("p", {}, text),
    ...(action ? [h("button", { type: "button", class: "quiet", onclick: () => { hideToast(); act(); } }, action)] : []),
    h("button", { type: "button", class: "icon-button", "aria-label": t("dismiss"), onclick: () => hideToast() }, icon("close")),
  );
  line.hidden = false;
  ends = stay ? Infinity : Date.now() + Math.max(kind === "error" ? 12000 : action ? 8000 : 4500, 70 * text.length);
  watch();
}

/** Hides the line when its time is over; not while somebody is at it. */
function watch() {
  clearTimeout(timer);
  if (ends === Infinity) return;
  timer = setTimeout(() => {
    if (box().matches(":hover, :focus-within")) ends = Date.now() + 3000;
    if (Date.now() < ends) watch();
    else hideToast();
  }, Math.max(50, ends - Date.now()));
}

/** Takes the line away; with `about` only if it is about that. */
export function hideToast(about = null) {
  if (about !== null && box().dataset.about !== about) return;
  clearTimeout(timer);
  box().hidden = true;
}
