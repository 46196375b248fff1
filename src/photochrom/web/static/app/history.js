/**
 * The steps of one photograph: each is what it changed, so that any of them can be switched off and the others stay.
 *
 * @typedef {import("./edits.js").Edits} Edits
 * @typedef {{set: Partial<Edits>, lists: Record<string, {add: Object[], drop: string[], change: {id: string, set: Object}[]}>}} Diff
 * @typedef {{id: string, diff: Diff, off?: boolean, error?: string}} Step  error: why it could not be painted
 * @typedef {{base: Edits, steps: Step[], edits: Edits}} Moment  edits: base with the steps that are on
 * @typedef {Moment & {past: Moment[], future: Moment[], key: string|null}} History
 */

import { DIALS } from "./dials.js";
import { PLAIN, newId } from "./edits.js";

const MOST = 100;
const VALUES = [...DIALS.map(({ name }) => name), "palette", "base", "geometry"];
const LISTS = ["spots", "regions", "references"];

// What an earlier version of the page kept lacks later keys.
const same = (a, b) => a === b || JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
/** Whether two edits paint the same picture. */
export const sameEdits = (a, b) => a === b || [...VALUES, ...LISTS].every((key) => same(a[key], b[key]));
const momentOf = ({ base, steps, edits }) => ({ base, steps, edits });

/** @returns {History} */
export const history = (edits = PLAIN) => ({ base: edits, steps: [], edits, past: [], future: [], key: null });

/** What leads from one to the other. @returns {Diff} */
export function diffOf(from, to) {
  const diff = { set: {}, lists: {} };
  for (const key of VALUES) if (!same(from[key], to[key])) diff.set[key] = to[key];
  for (const list of LISTS) {
    if (from[list] === to[list]) continue;
    const old = new Map(from[list].map((one) => [one.id, one]));
    const now = new Set(to[list].map(({ id }) => id));
    const add = to[list].filter(({ id }) => !old.has(id));
    const drop = from[list].filter(({ id }) => !now.has(id)).map(({ id }) => id);
    const change = to[list].filter((one) => old.has(one.id) && !same(old.get(one.id), one))
      .map((one) => ({ id: one.id, set: changed(old.get(one.id), one) }));
    if (add.length || drop.length || change.length) diff.lists[list] = { add, drop, change };
  }
  return diff;
}

const changed = (old, one) => Object.fromEntries([...new Set([...Object.keys(old), ...Object.keys(one)])]
  .filter((key) => !same(old[key], one[key])).map((key) => [key, one[key]]));

const isEmpty = ({ set, lists }) => !Object.keys(set).length && !Object.keys(lists).length;

/** @param {Edits} edits @param {Diff} diff @returns {Edits} */
function applied(edits, { set, lists }) {
  const out = { ...edits, ...set };
  for (const [list, { add, drop, change }] of Object.entries(lists)) {
    const changes = new Map(change.map(({ id, set: values }) => [id, values]));
    out[list] = out[list].filter(({ id }) => !drop.includes(id)).map((one) => (changes.has(one.id) ? { ...one, ...changes.get(one.id) } : one));
    out[list].push(...add.filter(({ id }) => !out[list].some((one) => one.id === id)));
  }
  return out;
}

/** @returns {Moment} */
function replayed(base, steps) {
  return { base, steps, edits: steps.filter(({ off }) => !off).reduce((edits, { diff }) => applied(edits, diff), base) };
}

/** A step on. Steps with the same key follow one gesture (a drag, a dial) and are undone as one. @returns {History} */
export function commit(old, edits, key = null) {
  if (edits === old.edits) return old;
  const again = Boolean(key && key === old.key && old.past.length);
  const from = again ? old.past.at(-1) : momentOf(old);
  const diff = diffOf(from.edits, edits);
  if (isEmpty(diff)) return again ? { ...from, past: old.past.slice(0, -1), future: [], key: null } : old;
  let { base } = from;
  let steps = [...from.steps, { id: again ? old.steps.at(-1).id : newId("step"), diff }];
  while (steps.length > MOST) {
    if (!steps[0].off) base = applied(base, steps[0].diff);
    steps = steps.slice(1);
  }
  return { base, steps, edits, past: again ? old.past : [...old.past, from].slice(-MOST), future: [], key };
}

/** What belongs to the last step, and came after it: neither a step nor to be undone by itself. @returns {History} */
export function amend(old, edits) {
  if (!old.past.length) return { ...old, edits };
  const { future } = old;
  return { ...commit({ ...old, key: "amend" }, edits, "amend"), future, key: old.key };
}

/** @returns {History} */
export function undo(old) {
  if (!old.past.length) return old;
  return { ...old.past.at(-1), past: old.past.slice(0, -1), future: [momentOf(old), ...old.future], key: null };
}

/** @returns {History} */
export function redo(old) {
  if (!old.future.length) return old;
  return { ...old.future[0], past: [...old.past, momentOf(old)], future: old.future.slice(1), key: null };
}

/** Switches a step off, or on again; this is undone like a step. @returns {History} */
export function toggle(old, id) {
  const steps = old.steps.map((one) => (one.id === id ? { ...one, off: !one.off, error: undefined } : one));
  return { ...replayed(old.base, steps), past: [...old.past, momentOf(old)].slice(-MOST), future: [], key: null };
}

/** A step that cannot be painted is switched off and keeps the reason; undo does not lead back to it. @returns {History} */
export function fail(old, id, error) {
  const now = replayed(old.base, old.steps.map((one) => (one.id === id ? { ...one, off: true, error } : one)));
  const past = [...old.past];
  while (past.length && sameEdits(past.at(-1).edits, now.edits)) past.pop();
  return { ...now, past, future: [], key: null };
}

const TOUCHES = {
  palette: ({ set }) => Boolean(set.palette),
  references: ({ lists }) => [...(lists.references?.add ?? []), ...(lists.regions?.add ?? []), ...(lists.regions?.change ?? [])]
    .some((one) => one.ref || one.set?.ref),
  geometry: ({ set }) => Boolean(set.geometry),
  hints: ({ set, lists }) => Boolean(lists.spots || lists.regions || set.base),
};

/** The latest step that a fault of this field comes from. @param {Step[]} steps @param {string} [field] */
export function culprit(steps, field = "") {
  const parts = field.split(".").map((one) => (["rotate", "straighten", "crop"].includes(one) ? "geometry" : one));
  const name = ["palette", "references", "hints", "geometry"].find((one) => parts.includes(one));
  const on = steps.filter(({ off }) => !off);
  // A palette may come from a reference picture, too.
  const touches = name === "references" ? (diff) => TOUCHES.references(diff) || TOUCHES.palette(diff) : TOUCHES[name];
  return (touches && on.findLast(({ diff }) => touches(diff))) ?? on.at(-1) ?? null;
}

/** Both: the steps of another window, and after them those of this one that it lacks. @returns {History} */
export function merge(mine, theirs) {
  const known = new Set(theirs.steps.map(({ id }) => id));
  const steps = [...theirs.steps, ...mine.steps.filter(({ id }) => !known.has(id))];
  return { ...replayed(theirs.base, steps), past: [...theirs.past, momentOf(theirs)].slice(-MOST), future: [], key: null };
}

/** A history as it was kept, also by a version of the page that knew no steps. @returns {History} */
export function restored(kept) {
  if (!kept) return history();
  if (kept.steps) return kept;
  const [first, ...rest] = [...(kept.past ?? []), kept.edits];
  return rest.reduce((found, edits) => commit(found, edits), history(first));
}
