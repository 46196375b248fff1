/**
 * Which part of a photograph the picture is: quarter turns, straightening and a crop, in this order, as photochrom.edits.geometry
 * has it. Hints and masks keep the photograph's own coordinates. Here all coordinates are those of pixels' edges, from 0 to a side.
 *
 * @typedef {{rotate: 0|90|180|270, straighten: number, crop: [number, number, number, number]|null}} Geometry
 *     degrees, clockwise; crop: x, y, width and height on the turned sheet, or null for all of it without empty corners
 * @typedef {{width: number, height: number}} Size
 * @typedef {{x: number, y: number}} Place
 */

/** @type {Geometry} */
export const WHOLE = Object.freeze({ rotate: 0, straighten: 0, crop: null });

/** The geometry as edits hold it: null where the photograph stays as it is. @param {Geometry} geometry */
export const plain = (geometry) => (geometry.rotate || geometry.straighten || geometry.crop ? geometry : null);

/** The sheet that a crop lies on. @param {Geometry} geometry @param {Size} size @returns {Size} */
export const turned = ({ rotate }, { width, height }) => (rotate % 180 ? { width: height, height: width } : { width, height });

/** What is left of the sheet. @param {Geometry} geometry @param {Size} size of the photograph @returns {[number, number, number, number]} */
export function boxOf(geometry, size) {
  const { width, height } = turned(geometry, size);
  if (geometry.crop || !geometry.straighten) return geometry.crop ?? [0, 0, width, height];
  const angle = Math.abs(geometry.straighten) * (Math.PI / 180);
  const [along, across] = [Math.cos(angle), Math.sin(angle)];
  const share = Math.min(width / (width * along + height * across), height / (width * across + height * along));
  const [w, h] = [width, height].map((side) => Math.min(side, Math.max(side % 2 || 2, 2 * Math.floor((side * share - (side % 2)) / 2) + (side % 2))));
  return [Math.floor((width - w) / 2), Math.floor((height - h) / 2), w, h];
}

/** The part as a view. `sheet`: all of the turned sheet, with its empty corners. @param {Geometry|null} geometry @param {Size} size */
export function viewOf(geometry, size, sheet = false) {
  const given = geometry ?? WHOLE;
  const whole = turned(given, size);
  const [left, top, width, height] = sheet ? [0, 0, whole.width, whole.height] : boxOf(given, size);
  const angle = (given.rotate + given.straighten) * (Math.PI / 180);
  const quarter = { 0: [1, 0], 90: [0, 1], 180: [-1, 0], 270: [0, -1] }[given.rotate];
  const [c, s] = given.straighten ? [Math.cos(angle), Math.sin(angle)] : quarter;
  const [mx, my] = [size.width / 2, size.height / 2];
  const [e, f] = [whole.width / 2 - left - (c * mx - s * my), whole.height / 2 - top - (s * mx + c * my)];
  return {
    size: { width, height },
    /** For a canvas: x' = a x + c y + e, y' = b x + d y + f. */
    matrix: [c, s, -s, c, e, f],
    /** @param {Place} place of the photograph @returns {Place} of the result */
    result: ({ x, y }) => ({ x: c * x - s * y + e, y: s * x + c * y + f }),
    /** @param {Place} place of the result @returns {Place} of the photograph */
    photograph: ({ x, y }) => ({ x: c * (x - e) + s * (y - f), y: -s * (x - e) + c * (y - f) }),
  };
}

/** Whether a box of the sheet shows nothing but the photograph. */
export function covered(box, geometry, size) {
  const [x, y, width, height] = box;
  const { photograph } = viewOf(geometry, size, true);
  const slack = 0.51;
  return [[x, y], [x + width, y], [x, y + height], [x + width, y + height]].every(([cx, cy]) => {
    const at = photograph({ x: cx, y: cy });
    return at.x >= -slack && at.y >= -slack && at.x <= size.width + slack && at.y <= size.height + slack;
  });
}

/** The same box, or a smaller one with the same middle and shape that is covered. */
export function shrunk(box, geometry, size) {
  if (covered(box, geometry, size)) return box;
  const at = (share) => {
    const [x, y, width, height] = box;
    const [w, h] = [Math.max(1, Math.floor(width * share)), Math.max(1, Math.floor(height * share))];
    return [Math.round(x + (width - w) / 2), Math.round(y + (height - h) / 2), w, h];
  };
  for (let share = 0.99; share > 0.05; share -= 0.01) if (covered(at(share), geometry, size)) return at(share);
  return boxOf({ ...geometry, crop: null }, size);
}

/** A box of the photograph as it was opened, on the sheet. @returns {[number, number, number, number]} */
export function onSheet([x, y, width, height], geometry, size) {
  const { result } = viewOf(geometry, size, true);
  const corners = [[x, y], [x + width, y], [x, y + height], [x + width, y + height]].map(([cx, cy]) => result({ x: cx, y: cy }));
  // Of a straightened box the rectangle inside it.
  const middle = (axis) => corners.map((one) => one[axis]).sort((a, b) => a - b).slice(1, 3);
  const [[left, right], [top, bottom]] = [middle("x"), middle("y")];
  const sheet = turned(geometry, size);
  const [x0, y0] = [Math.max(0, Math.round(left)), Math.max(0, Math.round(top))];
  return [x0, y0, Math.max(1, Math.min(sheet.width, Math.round(right)) - x0), Math.max(1, Math.min(sheet.height, Math.round(bottom)) - y0)];
}

/** A crop after a quarter turn of its sheet, clockwise or back. */
export function quarter(geometry, size, back = false) {
  const { width, height } = turned(geometry, size);
  const rotate = (geometry.rotate + (back ? 270 : 90)) % 360;
  if (!geometry.crop) return { ...geometry, rotate };
  const [x, y, w, h] = geometry.crop;
  return { ...geometry, rotate, crop: back ? [y, width - x - w, h, w] : [height - y - h, x, h, w] };
}
