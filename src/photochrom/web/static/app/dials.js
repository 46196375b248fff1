/**
 * The dials: what a photograph's colours can be set by as a whole. The server makes the list from its own table (`table.js`), so that a
 * new dial has a control, a step and a place on the wire without a line here. Its words may stand in `lang/`.
 *
 * @typedef {{name: string, default: number|string, help: string, low?: number, high?: number, whole?: boolean, options?: string[]}} Dial
 */

import { has, percent, t } from "./i18n.js";
import table from "./table.js";

/** @type {Dial[]} */
export const DIALS = table;

/** The dials' values of edits, or of a film's choices; the default where one is missing. */
export const dialsOf = (values) => Object.fromEntries(DIALS.map((dial) => [dial.name, values[dial.name] ?? dial.default]));

/** A dial's name in the page's language. @param {Dial} dial */
export function dialName({ name }) {
  return has(name) ? t(name) : name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");
}

/** A dial's value in words. @param {Dial} dial */
export function dialText({ name, low, high, options }, value) {
  if (options) return has(`${name}.${value}`) ? t(`${name}.${value}`) : value;
  if (low === 0 && high === 1) return percent(value);
  if (low === -1 && high === 1) return value === 0 ? "0" : `${value > 0 ? "+" : "−"}${Math.round(Math.abs(value) * 100)}`;
  return String(value);
}
