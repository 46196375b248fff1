/**
 * What is known of a film's colours, as the server has it (the file of `photochrom video --hints`), and as the edits of its frames.
 * Frames are numbers from 0; places on the server are the film's own pixels, here those of the frame as it is shown.
 *
 * @typedef {{start: number, stop: number, key: number, begins: number, ends: number, kind: string}} Shot
 * @typedef {{hints: Object[], references: Object[], palettes: Object[]}} FilmEdits
 */

import { PLAIN, colour, newId } from "./edits.js";
import { swatchOf } from "./color.js";
import { dialsOf } from "./dials.js";
import { decode, encode } from "./rle.js";

/** The shot that holds a frame. @param {Shot[]} shots */
export const shotOf = (shots, frame) => Math.max(0, shots.findLastIndex(({ start }) => start <= frame));

/** The frame of a row, which may say its time instead. @param {Shot[]} shots */
export function frameOf(shots, { frame, time }) {
  if (frame !== undefined && frame !== null) return frame;
  const { start, stop, begins, ends } = shots[Math.max(0, shots.findLastIndex((shot) => shot.begins <= time + 1e-6))];
  return Math.min(stop - 1, start + Math.max(0, Math.floor(((time - begins) / Math.max(1e-6, ends - begins)) * (stop - start) + 1e-3)));
}

/** Seconds of a frame. @param {Shot[]} shots */
export function timeOf(shots, frame) {
  const { start, stop, begins, ends } = shots[shotOf(shots, frame)];
  return begins + ((ends - begins) * (frame - start)) / Math.max(1, stop - start);
}

/** A mask at another size of the picture: pixels of a film may not be square. @param {import("./rle.js").Rle} mask */
function resized(mask, kx, ky) {
  const [height, width] = mask.size;
  return kx === 1 && ky === 1 ? mask : encode(decode(mask), Math.round(width * kx), Math.round(height * ky));
}

/**
 * The edits with which a frame begins. @param {Shot[]} shots @param {FilmEdits} known
 * @param {Map<string, import("./app.js").Picture>} pictures the reference pictures by their ids at the server
 */
export function editsOf(shots, known, choices, stretch, frame, pictures = new Map()) {
  const here = known.hints.filter((row) => frameOf(shots, row) === frame);
  const spots = here.filter(({ mask }) => !mask).map(({ x, y, radius, reach, ...row }) => ({
    id: newId("spot"), x: x * stretch.x, y: y * stretch.y, fill: { ...colour(row), ...swatchOf(row) }, ...(radius ? { radius } : {}), ...(reach && reach !== "object" ? { reach } : {}),
  }));
  const regions = here.filter(({ mask }) => mask).map(({ mask, ...row }) => {
    const fill = { ...colour(row), ...swatchOf(row) };
    return { id: newId("region"), mask: resized(mask, stretch.x, stretch.y), fill, name: fill.name };
  });
  const references = known.references.filter((row) => shotOf(shots, frameOf(shots, row)) === shotOf(shots, frame) && pictures.has(row.path))
    .map(({ path }) => pictures.get(path)).map(({ id, name }) => ({ id: `whole-${id}`, ref: id, trust: 0.5, name }));
  const palette = known.palettes.find((row) => shotOf(shots, frameOf(shots, row)) === shotOf(shots, frame))?.palette ?? null;
  return { ...PLAIN, ...dialsOf(choices), palette, spots, regions, references };
}

/**
 * What is known of the film after a frame was edited. @param {Shot[]} shots @param {FilmEdits} known @returns {FilmEdits}
 * @param {Map<string, string>} refs ids of reference pictures at the server; those that it does not have yet are left out
 */
export function withFrame(shots, known, stretch, frame, edits, refs = new Map()) {
  const mine = (row) => frameOf(shots, row) === frame;
  const here = shotOf(shots, frame);
  const elsewhere = known.palettes.filter((row) => shotOf(shots, frameOf(shots, row)) !== here);
  const spots = edits.spots.filter(({ fill }) => !fill.keep).map(({ x, y, fill, radius, reach }) => ({
    frame, x: x / stretch.x, y: y / stretch.y, ...colour(fill), ...(radius ? { radius } : {}), ...(reach ? { reach } : {}),
  }));
  const areas = edits.regions.filter(({ fill }) => fill && !fill.keep).map(({ mask, fill }) => (
    { frame, mask: resized(mask, 1 / stretch.x, 1 / stretch.y), ...colour(fill) }));
  const inShot = (row) => shotOf(shots, frameOf(shots, row)) === here;
  const references = edits.references.filter(({ ref }) => refs.has(ref)).map(({ ref }) => refs.get(ref))
    .map((path) => known.references.find((row) => inShot(row) && row.path === path) ?? { frame, path });
  return {
    ...known,
    hints: [...known.hints.filter((row) => !mine(row)), ...spots, ...areas],
    references: [...known.references.filter((row) => !inShot(row)), ...references],
    palettes: edits.palette ? [...elsewhere, { frame: shots[here].start, palette: edits.palette }] : elsewhere,
  };
}

/** How many colours are placed in a shot. @param {Shot[]} shots @param {FilmEdits} known */
export const placedIn = (shots, known, index) => known.hints.filter((row) => shotOf(shots, frameOf(shots, row)) === index).length;
