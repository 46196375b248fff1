/** Colours for the page's own swatches; what a photograph gets is the server's business. CIE L*a*b*, D65, sRGB. */

import { colorName } from "./i18n.js";
import { PLAIN } from "./plain_colors.js";

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

const PLAIN_LABS = Object.entries(PLAIN).map(([name, hex]) => ({ name, lab: hexToLab(hex) }));

/** How far apart two colours look: CIEDE2000 (Sharma, Wu and Dalal 2005, equations 2 to 22). */
export function difference([L1, a1, b1], [L2, a2, b2]) {
  const radians = Math.PI / 180;
  const flat = (chroma) => Math.sqrt(chroma ** 7 / (chroma ** 7 + 25 ** 7));
  const grey = 1.5 - 0.5 * flat((Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2);
  const [C1, C2] = [Math.hypot(a1 * grey, b1), Math.hypot(a2 * grey, b2)];
  const [h1, h2] = [[a1, b1], [a2, b2]].map(([a, b]) => (Math.atan2(b, a * grey) / radians + 360) % 360);
  const far = C1 * C2 ? ((h2 - h1 + 540) % 360) - 180 : 0;
  const h = C1 * C2 ? (h1 + far / 2 + 360) % 360 : h1 + h2;
  const [L, C] = [(L1 + L2) / 2, (C1 + C2) / 2];
  const wave = (times, turn) => Math.cos((times * h + turn) * radians);
  const T = 1 - 0.17 * wave(1, -30) + 0.24 * wave(2, 0) + 0.32 * wave(3, 6) - 0.2 * wave(4, -63);
  const dL = (L2 - L1) / (1 + (0.015 * (L - 50) ** 2) / Math.sqrt(20 + (L - 50) ** 2));
  const dC = (C2 - C1) / (1 + 0.045 * C);
  const dH = (2 * Math.sqrt(C1 * C2) * Math.sin((far / 2) * radians)) / (1 + 0.015 * C * T);
  const turned = -2 * flat(C) * Math.sin(60 * radians * Math.exp(-(((h - 275) / 25) ** 2)));
  return Math.sqrt(dL ** 2 + dC ** 2 + dH ** 2 + turned * dC * dH);
}

/** A plain word for a colour that nobody named: the one that looks most like it. @param {number[]} lab L*, a*, b* */
export function describe(lab) {
  const far = PLAIN_LABS.map((one) => difference(lab, one.lab));
  return colorName(PLAIN_LABS[far.indexOf(Math.min(...far))].name);
}

/** A swatch and a name for a hint that was read from a file. @returns {{swatch: string, name: string}} */
export function swatchOf({ ab, color, material, swatch }) {
  const shown = swatch ?? (material ? abToHex(material.slice(1), material[0]) : ab ? abToHex(ab) : /^#[0-9a-f]{6}$/i.test(color) ? color : "#888888");
  // Exact ab say nothing of the lightness: they are called by how they look at their place.
  return { swatch: shown, name: material || ab ? describe(material ?? hexToLab(shown)) : colorName(color) };
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
