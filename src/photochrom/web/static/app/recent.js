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
  const key = ({ name, color, swatch }) => `${name} ${color ?? swatch}`;
  const rest = recent().filter((one) => key(one) !== key(fill));
  localStorage.setItem(KEY, JSON.stringify([fill, ...rest].slice(0, MOST)));
}
