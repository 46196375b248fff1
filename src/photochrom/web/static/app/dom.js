/** Elements, and how the page speaks: quietly to screen readers, in a line at the foot of the window to all. */

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

/** Says something to those who do not see the screen. */
export function announce(text) {
  $("#live").textContent = "";
  requestAnimationFrame(() => ($("#live").textContent = text));
}

let timer = 0;

/** A line at the foot of the window. @param {{kind?: "info"|"error", action?: string, act?: () => void, stay?: boolean}} options */
export function toast(text, { kind = "info", action = "", act = () => {}, stay = false } = {}) {
  const box = $("#toast");
  clearTimeout(timer);
  const close = () => (box.hidden = true);
  box.className = `toast ${kind}`;
  box.setAttribute("role", kind === "error" ? "alert" : "status");
  box.replaceChildren(
    h("p", {}, text),
    ...(action ? [h("button", { type: "button", class: "quiet", onclick: () => { close(); act(); } }, action)] : []),
    h("button", { type: "button", class: "icon-button", "aria-label": "Dismiss", onclick: close }, icon("close")),
  );
  box.hidden = false;
  // Who must act, or read a reason, is not hurried.
  if (!stay && kind !== "error") timer = setTimeout(close, action ? 8000 : 4500);
}

export const hideToast = () => ($("#toast").hidden = true);

/** The text of a length: 3 -> "3 hints". */
export const counted = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;
