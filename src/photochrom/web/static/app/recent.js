/** Colours that were used lately, on any photograph, kept in the browser. */

const KEY = "photochrom-recent";
const MOST = 10;

/** @returns {import("./edits.js").Fill[]} */
export function recent() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "[]");
  } catch {
    return [];
  }
}

/** @param {import("./edits.js").Fill} fill */
export function used(fill) {
  const rest = recent().filter(({ name, swatch }) => name !== fill.name || swatch !== fill.swatch);
  localStorage.setItem(KEY, JSON.stringify([fill, ...rest].slice(0, MOST)));
}
