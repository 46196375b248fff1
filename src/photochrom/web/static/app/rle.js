/**
 * Masks as COCO's compressed run lengths, column by column, as `photochrom.edits.masks` writes them.
 * The page keeps masks small (a grid of at most {@link GRID} cells a side); run lengths are of the picture's own size.
 *
 * @typedef {{size: [number, number], counts: string}} Rle  size is [height, width] in pixels of the picture
 * @typedef {{width: number, height: number, data: Uint8Array}} Grid  1 inside, 0 outside, row by row
 */

/** The longer side of a grid, in cells. */
export const GRID = 1024;

/** An empty grid for a picture of a size. @returns {Grid} */
export function gridFor(width, height) {
  const scale = Math.min(1, GRID / Math.max(width, height));
  const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  return { width: w, height: h, data: new Uint8Array(w * h) };
}

/** Run lengths of a grid, enlarged to the picture's size. @returns {Rle} */
export function encode(grid, width, height) {
  const columns = [];
  for (let gx = 0; gx < grid.width; gx++) columns.push(edgesOf(grid, gx, height));
  const counts = [];
  let value = 0;
  let run = 0;
  for (let x = 0; x < width; x++) {
    let from = 0;
    const edges = columns[Math.min(grid.width - 1, Math.floor(((x + 0.5) * grid.width) / width))];
    // A column begins with its own zeros: where the first edge is at 0, it begins with ones.
    for (let i = 0; i <= edges.length; i++) {
      const to = i < edges.length ? edges[i] : height;
      if (i % 2 !== value && to > from) {
        counts.push(run);
        run = 0;
        value = i % 2;
      }
      run += to - from;
      from = to;
    }
  }
  counts.push(run);
  return { size: [height, width], counts: compressed(counts) };
}

/** Where a column of the grid changes, in rows of the picture: [first one, first zero after it, ...]. */
function edgesOf(grid, gx, height) {
  const edges = [];
  let value = 0;
  for (let gy = 0; gy < grid.height; gy++) {
    const cell = grid.data[gy * grid.width + gx];
    if (cell !== value) edges.push(Math.round((gy * height) / grid.height));
    value = cell;
  }
  return edges;
}

/** The grid of run lengths: each cell takes the pixel at its centre. @param {Rle} rle @returns {Grid} */
export function decode(rle) {
  const [height, width] = rle.size;
  const grid = gridFor(width, height);
  const columnOf = new Int32Array(width).fill(-1);
  for (let gx = 0; gx < grid.width; gx++) columnOf[Math.floor(((gx + 0.5) * width) / grid.width)] = gx;
  const runs = typeof rle.counts === "string" ? decompressed(rle.counts) : rle.counts;
  let start = 0;
  runs.forEach((run, index) => {
    const end = start + run;
    if (index % 2) {
      for (let x = Math.floor(start / height); x * height < end; x++) {
        if (columnOf[x] < 0) continue;
        const [top, bottom] = [Math.max(start - x * height, 0), Math.min(end - x * height, height)];
        const first = Math.ceil((top * grid.height) / height - 0.5);
        const last = Math.ceil((bottom * grid.height) / height - 0.5);
        for (let gy = Math.max(0, first); gy < Math.min(grid.height, last); gy++) {
          grid.data[gy * grid.width + columnOf[x]] = 1;
        }
      }
    }
    start = end;
  });
  return grid;
}

/** COCO's text: 5 bits a character from 48 on, the sixth bit for more; from the third run on, differences to the last but one. */
export function compressed(runs) {
  let text = "";
  runs.forEach((run, index) => {
    let value = run - (index > 2 ? runs[index - 2] : 0);
    for (let more = true; more; ) {
      const bits = value & 31;
      value >>= 5;
      more = value !== (bits & 16 ? -1 : 0);
      text += String.fromCharCode(48 + bits + (more ? 32 : 0));
    }
  });
  return text;
}

/** The inverse of {@link compressed}. @returns {number[]} */
export function decompressed(text) {
  const runs = [];
  let value = 0;
  let shift = 0;
  for (const character of text) {
    const bits = character.charCodeAt(0) - 48;
    value |= (bits & 31) << shift;
    shift += 5;
    if (bits & 32) continue;
    if (bits & 16) value -= 2 ** shift;
    runs.push(value + (runs.length > 2 ? runs[runs.length - 2] : 0));
    value = shift = 0;
  }
  return runs;
}

/** The cell of a mask that is farthest from its border, roughly: where its marker stands. @param {Grid} grid */
export function middle(grid) {
  let [sx, sy, n] = [0, 0, 0];
  grid.data.forEach((one, i) => {
    if (!one) return;
    sx += i % grid.width;
    sy += Math.floor(i / grid.width);
    n += 1;
  });
  if (!n) return null;
  const [cx, cy] = [sx / n, sy / n];
  // The centre of gravity may lie outside (a ring, a crescent): the nearest cell inside stands for it.
  let [best, least] = [0, Infinity];
  grid.data.forEach((one, i) => {
    if (!one) return;
    const away = (i % grid.width - cx) ** 2 + (Math.floor(i / grid.width) - cy) ** 2;
    if (away < least) [best, least] = [i, away];
  });
  return { x: (best % grid.width + 0.5) / grid.width, y: (Math.floor(best / grid.width) + 0.5) / grid.height, share: n / grid.data.length };
}
