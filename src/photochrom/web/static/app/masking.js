/** Drawing on masks: what a mask looks like over the picture, and strokes that add to it or take from it. */

import { GRID } from "./rle.js";

const TINT = [255, 255, 255];

/** A mask as something to draw: hatched where it is a draft, else its border alone. @param {import("./rle.js").Grid} grid */
export function drawableOf(grid, hatched) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [grid.width, grid.height];
  const context = canvas.getContext("2d");
  const image = context.createImageData(grid.width, grid.height);
  const at = (x, y) => x >= 0 && y >= 0 && x < grid.width && y < grid.height && grid.data[y * grid.width + x];
  const rim = Math.max(1, Math.round(Math.max(grid.width, grid.height) / 400));
  for (let y = 0; y < grid.height; y++) {
    for (let x = 0; x < grid.width; x++) {
      if (!at(x, y)) continue;
      const edge = !at(x - rim, y) || !at(x + rim, y) || !at(x, y - rim) || !at(x, y + rim);
      if (edge || hatched) image.data.set(edge ? [...TINT, 255] : (x + y) % 6 < 3 ? [...TINT, 95] : [0, 0, 0, 70], 4 * (y * grid.width + x));
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** A stroke between two places of a grid. @param {import("./rle.js").Grid} grid @param {0|1} value */
export function stroke(grid, from, to, radius, value) {
  const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / Math.max(0.5, radius / 2)));
  for (let i = 1; i <= steps; i++) {
    const [cx, cy] = [from.x + ((to.x - from.x) * i) / steps, from.y + ((to.y - from.y) * i) / steps];
    for (let gy = Math.max(0, Math.floor(cy - radius)); gy <= Math.min(grid.height - 1, Math.ceil(cy + radius)); gy++) {
      for (let gx = Math.max(0, Math.floor(cx - radius)); gx <= Math.min(grid.width - 1, Math.ceil(cx + radius)); gx++) {
        if ((gx + 0.5 - cx) ** 2 + (gy + 0.5 - cy) ** 2 <= radius ** 2) grid.data[gy * grid.width + gx] = value;
      }
    }
  }
}

/** A stroke through places of a picture as something to draw over it: light where it adds, dark where it erases. */
export function traceOf(points, { width, height }, erase, radius) {
  const canvas = document.createElement("canvas");
  const k = Math.min(1, GRID / Math.max(width, height));
  [canvas.width, canvas.height] = [Math.max(1, Math.round(width * k)), Math.max(1, Math.round(height * k))];
  const context = canvas.getContext("2d");
  Object.assign(context, { lineWidth: 2 * radius * k, lineCap: "round", lineJoin: "round", strokeStyle: erase ? "#000a" : "#fffb" });
  context.beginPath();
  context.moveTo(points[0].x * k, points[0].y * k);
  for (const { x, y } of points) context.lineTo(x * k, y * k + 0.01); // a line of no length is not drawn
  context.stroke();
  return canvas;
}
