/**
 * The colours that a place of some lightness can have, as a wheel: hue around, grey in the middle, the most that the screen has
 * at the rim. By pointer; by arrow keys, left and right for the hue, up and down for the strength.
 */

import { describe, labToRgb, limited, toHex } from "./color.js";
import { h } from "./dom.js";
import { percent, t } from "./i18n.js";

const CELLS = 128;
const MOST = 140;
const TURN = 2 * Math.PI;

/** @param {(lab: [number, number, number], live: boolean) => void} picked */
export function makePad(picked) {
  const canvas = h("canvas", { class: "pad-map", width: CELLS, height: CELLS, "aria-hidden": "true" });
  const dot = h("span", { class: "pad-dot" });
  const pad = h("div", {
    class: "pad", tabindex: "0", role: "slider", "aria-label": t("pad.label"),
    "aria-valuemin": "0", "aria-valuemax": "360", "aria-valuenow": "0",
  }, canvas, dot);
  const context = canvas.getContext("2d");
  let L = 60;
  /** The largest chroma of each degree of hue. */
  let rim = new Float32Array(360);
  /** Hue in turns, [0, 1), and the share of the rim's chroma. */
  let [hue, share] = [0, 0];

  const degree = () => Math.floor(hue * 360) % 360;
  const ab = () => [Math.cos(hue * TURN), Math.sin(hue * TURN)].map((part) => Math.round(part * share * rim[degree()] * 10) / 10);

  function draw() {
    rim = Float32Array.from({ length: 360 }, (_, i) => {
      const [a, b] = [MOST * Math.cos((i / 360) * TURN), MOST * Math.sin((i / 360) * TURN)];
      return Math.hypot(...limited(L, a, b));
    });
    const image = context.createImageData(CELLS, CELLS);
    for (let i = 0; i < CELLS * CELLS; i++) {
      const [x, y] = [((i % CELLS) + 0.5) / CELLS * 2 - 1, 1 - (Math.floor(i / CELLS) + 0.5) / CELLS * 2];
      const radius = Math.hypot(x, y);
      if (radius > 1) continue;
      const angle = (Math.atan2(y, x) / TURN + 1) % 1;
      const chroma = (radius * rim[Math.floor(angle * 360) % 360]) / radius;
      const rgb = labToRgb(L, x * chroma, y * chroma);
      const edge = Math.min(1, (1 - radius) * (CELLS / 2));
      image.data.set([...rgb.map((c) => Math.round(255 * c)), Math.round(255 * edge)], 4 * i);
    }
    context.putImageData(image, 0, 0);
  }

  function mark() {
    dot.style.left = `${50 + 50 * share * Math.cos(hue * TURN)}%`;
    dot.style.top = `${50 - 50 * share * Math.sin(hue * TURN)}%`;
    dot.style.background = toHex(labToRgb(L, ...ab()));
    pad.setAttribute("aria-valuenow", String(degree()));
    pad.setAttribute("aria-valuetext", t("pad.value", { name: describe([L, ...ab()]), share: percent(share) }));
  }

  function go(turns, strength, live) {
    hue = ((turns % 1) + 1) % 1;
    share = Math.min(1, Math.max(0, strength));
    mark();
    picked([Math.round(L * 10) / 10, ...ab()], live);
  }

  function at(event, live) {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width * 2 - 1, 1 - (event.clientY - box.top) / box.height * 2];
    go(Math.atan2(y, x) / TURN, Math.hypot(x, y), live);
  }

  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    at(event, true);
  });
  pad.addEventListener("pointermove", (event) => pad.hasPointerCapture(event.pointerId) && at(event, true));
  pad.addEventListener("pointerup", (event) => at(event, false));
  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  pad.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const far = event.shiftKey ? 3 : 1;
    go(hue + (step[0] * far) / 60, share + step[1] * far * 0.05, true);
  });

  return {
    element: pad,
    /** Shows the colours of a lightness, and one of them as chosen. @param {[number, number]|null} chosen ab */
    show(lightness, chosen) {
      // As light as the place; but in the deepest shade and the brightest light all colours look alike.
      L = Math.min(92, Math.max(15, lightness));
      draw();
      const [a, b] = chosen ?? [0, 0];
      hue = (Math.atan2(b, a) / TURN + 1) % 1;
      share = Math.min(1, Math.hypot(a, b) / rim[degree()]);
      mark();
    },
  };
}
