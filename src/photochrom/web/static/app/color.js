/** Colours for the page's own swatches; what a photograph gets is the server's business. CIE L*a*b*, D65, sRGB. */

import { colorName, t } from "./i18n.js";

const WHITE = [0.95047, 1, 1.08883];
const linear = Float32Array.from({ length: 256 }, (_, i) => {
  const c = i / 255;
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
});
const encoded = (c) => (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055);
const ENCODED = Uint8ClampedArray.from({ length: 4097 }, (_, i) => Math.round(255 * encoded(i / 4096)));

/** L* [0, 100], a*, b* -> sRGB, three numbers that are in [0, 1] where the screen has the colour. */
export function labToRgb(L, a, b) {
  const fy = (L + 16) / 116;
  const [x, y, z] = [fy + a / 500, fy, fy - b / 200].map((f, i) => WHITE[i] * (f > 6 / 29 ? f ** 3 : 3 * (6 / 29) ** 2 * (f - 4 / 29)));
  return [3.2404542 * x - 1.5371385 * y - 0.4985314 * z, -0.969266 * x + 1.8760108 * y + 0.041556 * z,
    0.0556434 * x - 0.2040259 * y + 1.0572252 * z].map((c) => (c <= 0 ? c : encoded(c)));
}

/** Whether the screen has the colour. */
export const inside = (rgb) => rgb.every((c) => c >= -0.002 && c <= 1.002);

export const toHex = (rgb) => `#${rgb.map((c) => Math.round(255 * Math.min(1, Math.max(0, c))).toString(16).padStart(2, "0")).join("")}`;

/** a*, b* pulled towards grey until the screen has the colour at this lightness. @returns {[number, number]} */
export function limited(L, a, b) {
  if (inside(labToRgb(L, a, b))) return [a, b];
  let [low, high] = [0, 1];
  for (let i = 0; i < 12; i++) {
    const share = (low + high) / 2;
    if (inside(labToRgb(L, a * share, b * share))) low = share;
    else high = share;
  }
  return [a * low, b * low];
}

/** a*, b* as a swatch at a middling lightness. */
export function abToHex(ab, L = 62) {
  const [a, b] = limited(L, ab[0], ab[1]);
  return toHex(labToRgb(L, a, b));
}

/** `#rrggbb` -> [L*, a*, b*]. */
export function hexToLab(hex) {
  const [r, g, b] = [1, 3, 5].map((i) => linear[parseInt(hex.slice(i, i + 2), 16)]);
  const xyz = [0.4124564 * r + 0.3575761 * g + 0.1804375 * b, 0.2126729 * r + 0.7151522 * g + 0.072175 * b,
    0.0193339 * r + 0.119192 * g + 0.9503041 * b];
  const [fx, fy, fz] = xyz.map((c, i) => c / WHITE[i]).map((t) => (t > (6 / 29) ** 3 ? Math.cbrt(t) : t / (3 * (6 / 29) ** 2) + 4 / 29));
  return [116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)];
}

const HUES = [[20, "rose"], [48, "red"], [72, "orange"], [90, "gold"], [112, "yellow"], [132, "lime"], [172, "green"], [220, "teal"],
  [298, "blue"], [318, "violet"], [345, "magenta"], [361, "rose"]];

/** A plain word for a*, b*: for colours that nobody named. */
export function describe([a, b]) {
  const chroma = Math.hypot(a, b);
  if (chroma < 6) return t("hue.grey");
  const hue = (Math.atan2(b, a) * 180 / Math.PI + 360) % 360;
  const name = HUES.find(([end]) => hue < end)[1];
  return t(chroma < 22 ? `hue.pale.${name}` : chroma > 60 ? `hue.strong.${name}` : `hue.${name}`);
}

/** A swatch and a name for a hint that was read from a file. @returns {{swatch: string, name: string}} */
export function swatchOf({ ab, color, material, swatch }) {
  const chroma = ab ?? material?.slice(1);
  if (chroma) return { swatch: swatch ?? abToHex(chroma, material?.[0]), name: describe(chroma) };
  return { swatch: swatch ?? (/^#[0-9a-f]{6}$/i.test(color) ? color : "#888888"), name: colorName(color) };
}

/**
 * The photograph before it was coloured, from its coloured copy: colouring never touches L*, so grey of the same luminance is it.
 * @param {ImageBitmap} bitmap @returns {HTMLCanvasElement}
 */
export function greyOf(bitmap) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const image = context.getImageData(0, 0, canvas.width, canvas.height);
  const { data } = image;
  for (let i = 0; i < data.length; i += 4) {
    const y = 0.2126729 * linear[data[i]] + 0.7151522 * linear[data[i + 1]] + 0.072175 * linear[data[i + 2]];
    data[i] = data[i + 1] = data[i + 2] = ENCODED[Math.round(4096 * y)];
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
