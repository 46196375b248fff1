/**
 * The photograph on its ground: where it lies, how large, and what is drawn of it.
 * Picture coordinates: (x, y) in pixels from the upper left corner, so that pixel (0, 0) covers 0 to 1. Screen coordinates: CSS
 * pixels from the stage's upper left corner. Where the picture is a turned or cropped part of the photograph, picture coordinates
 * stay the photograph's; those of the part are called its result's.
 *
 * @typedef {{x: number, y: number, width: number, height: number}} Rect
 * @typedef {ImageBitmap|HTMLCanvasElement} Drawable
 */

import { emit } from "./app.js";
import { viewOf } from "./geometry.js";

const MARGIN = 24;
const CLOSEST = 16;

export class View {
  /** @param {HTMLElement} stage @param {HTMLCanvasElement} canvas @param {HTMLElement} frame the shadow around the picture */
  constructor(stage, canvas, frame) {
    Object.assign(this, { stage, canvas, frame, context: canvas.getContext("2d") });
    this.size = null;
    /** The part that is shown, and how it lies on the photograph. */
    this.geometry = this.part = null;
    /** Whether the layers are those of the whole photograph, of which the part is cut out as it is drawn. */
    this.raw = false;
    /** Whether all of the turned sheet is shown, and in colour, for it is being cropped. */
    this.sheet = false;
    this.scale = 1;
    [this.x, this.y] = [0, 0];
    this.fitted = true;
    /** Pixels at the top of the stage that the picture leaves to a bar of tools, when all of it is seen. */
    this.headroom = 0;
    /** The share of the visible picture, from the left, that is shown as it was before. */
    this.split = 0;
    /** @type {{before: Drawable|null, after: Drawable|null, overlay: Drawable|null, masks: (() => {drawable: Drawable, alpha: number}[])}} */
    this.layers = { before: null, after: null, overlay: null, masks: () => [] };
    /** A sharper piece of the picture. @type {{rect: Rect, before: Drawable, after: Drawable}|null} */
    this.detail = null;
    this.request = 0;
    this.waiting = [];
    new ResizeObserver(() => this.resized()).observe(stage);
  }

  get width() {
    return this.stage.clientWidth;
  }

  get height() {
    return this.stage.clientHeight;
  }

  /** Another picture. @param {{width: number, height: number}|null} size @param {import("./geometry.js").Geometry|null} [geometry] */
  show(size, geometry = null) {
    this.size = size;
    Object.assign(this.layers, { before: null, after: null, overlay: null });
    if (size) this.turn(geometry);
    else this.part = null;
  }

  /** Another part of it. `raw`: the layers are the whole photograph's; `sheet`: show all of the turned sheet. */
  turn(geometry, { raw = false, sheet = false } = {}) {
    Object.assign(this, { geometry, raw, sheet, part: viewOf(geometry, this.size, sheet), detail: null });
    this.layers.overlay = null;
    this.fit();
  }

  /** The size of what is shown. */
  get out() {
    return this.part.size;
  }

  resized() {
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.makeRoom();
    if (this.fitted) this.fit();
    else this.moved();
    this.paint();
  }

  /** The picture's longer side on the screen where all of it is seen, in device pixels. */
  get fitLength() {
    return Math.max(this.out.width, this.out.height) * this.fitScale * (window.devicePixelRatio || 1);
  }

  get fitScale() {
    // Around a sheet that is cropped there is room for the handles, also on a phone.
    const margin = this.sheet ? MARGIN : Math.min(MARGIN, this.width / 24);
    const scale = Math.min((this.width - 2 * margin) / this.out.width, (this.height - this.headroom - 2 * margin) / this.out.height);
    return Math.max(scale, 0.001);
  }

  /** Leaves what they need to the bars of tools at the top, so that they lie on no picture of which all is seen. */
  makeRoom() {
    const bars = [...this.stage.querySelectorAll(".bar.at-top:not([hidden])")];
    const room = Math.max(0, ...bars.map((bar) => bar.offsetTop + bar.offsetHeight));
    if (room === this.headroom) return;
    this.headroom = room;
    if (this.fitted) this.fit();
    else this.moved();
  }

  fit() {
    if (!this.size) return;
    // A picture of a few pixels is not blown up to the whole stage, and yet is to be seen.
    this.scale = Math.min(this.fitScale, Math.max(CLOSEST / 2, 240 / Math.max(this.out.width, this.out.height)));
    this.x = (this.width - this.out.width * this.scale) / 2;
    this.y = (this.height + this.headroom - this.out.height * this.scale) / 2;
    this.fitted = true;
    this.moved();
  }

  /** Larger or smaller, with one place of the screen staying where it is. */
  zoomAt(factor, sx = this.width / 2, sy = this.height / 2) {
    if (!this.size) return;
    const least = Math.min(this.fitScale, 1);
    const scale = Math.min(Math.max(CLOSEST, this.scale), Math.max(least, this.scale * factor));
    const [x, y] = [(sx - this.x) / this.scale, (sy - this.y) / this.scale];
    this.scale = scale;
    this.x = sx - x * scale;
    this.y = sy - y * scale;
    this.fitted = scale <= least * 1.0001;
    if (this.fitted) this.fit();
    else this.moved();
  }

  panBy(dx, dy) {
    if (!this.size) return;
    this.x += dx;
    this.y += dy;
    this.fitted = false;
    this.moved();
  }

  /** Keeps the picture on the stage, and announces the change. */
  moved() {
    if (!this.size) return;
    for (const [axis, side] of [["x", "width"], ["y", "height"]]) {
      const [length, room] = [this.out[side] * this.scale, this[side]];
      const head = axis === "y" ? this.headroom : 0;
      if (length <= room - head) this[axis] = (room + head - length) / 2;
      else this[axis] = Math.min(head + MARGIN * 2, Math.max(room - length - MARGIN * 2, this[axis]));
    }
    Object.assign(this.frame.style, {
      transform: `translate(${this.x}px, ${this.y}px)`, width: `${this.out.width * this.scale}px`, height: `${this.out.height * this.scale}px`,
    });
    this.stage.dataset.view = [this.x, this.y, this.scale].join(" ");
    emit("view");
    this.draw();
  }

  /** Brings a place of the picture onto the stage. */
  reveal({ x, y }) {
    if (this.fitted) return;
    const place = this.toScreen(x, y);
    const room = 48;
    const dx = place.x < room ? room - place.x : Math.min(0, this.width - room - place.x);
    const dy = place.y < room ? room - place.y : Math.min(0, this.height - room - place.y);
    if (dx || dy) this.panBy(dx, dy);
  }

  toPicture(sx, sy) {
    return this.part.photograph({ x: (sx - this.x) / this.scale, y: (sy - this.y) / this.scale });
  }

  toScreen(x, y) {
    return this.onScreen(this.part.result({ x, y }));
  }

  /** A place of the result on the screen. */
  onScreen({ x, y }) {
    return { x: x * this.scale + this.x, y: y * this.scale + this.y };
  }

  /** A place of the picture in a layer, in that layer's pixels. */
  inLayer(layer, place) {
    const { x, y } = this.raw ? place : this.part.result(place);
    const k = layer.width / (this.raw ? this.size : this.out).width;
    return { x: x * k, y: y * k };
  }

  /** The pixel under a place of the screen, or null beside the picture. */
  pixelAt(sx, sy) {
    if (!this.size) return null;
    const { x, y } = this.toPicture(sx, sy);
    const pixel = { x: Math.floor(x), y: Math.floor(y) };
    const { x: left, y: top, width, height } = this.visible;
    if (sx < left || sy < top || sx > left + width || sy > top + height) return null;
    return pixel.x >= 0 && pixel.y >= 0 && pixel.x < this.size.width && pixel.y < this.size.height ? pixel : null;
  }

  /** The visible part, on the screen. @returns {Rect} */
  get visible() {
    if (!this.size) return { x: 0, y: 0, width: 0, height: 0 };
    const x = Math.max(0, this.x);
    const y = Math.max(0, this.y);
    return {
      x, y,
      width: Math.max(0, Math.min(this.width, this.x + this.out.width * this.scale) - x),
      height: Math.max(0, Math.min(this.height, this.y + this.out.height * this.scale) - y),
    };
  }

  /** The visible part, in whole pixels of the result. @returns {Rect} */
  get visiblePixels() {
    const { x, y, width, height } = this.visible;
    const edge = (place, corner) => (place - corner) / this.scale;
    const left = Math.max(0, Math.floor(edge(x, this.x)));
    const top = Math.max(0, Math.floor(edge(y, this.y)));
    const [right, bottom] = [Math.ceil(edge(x + width, this.x)), Math.ceil(edge(y + height, this.y))];
    return { x: left, y: top, width: Math.min(this.out.width, right) - left, height: Math.min(this.out.height, bottom) - top };
  }

  /** Where the two halves meet, on the screen. */
  get splitX() {
    return this.visible.x + this.visible.width * this.split;
  }

  /** Draws soon; `then` is called when it was drawn. */
  draw(then = null) {
    if (then) this.waiting.push(then);
    this.request ||= requestAnimationFrame(() => this.paint());
  }

  paint() {
    cancelAnimationFrame(this.request);
    this.request = 0;
    const { context, layers } = this;
    const ratio = window.devicePixelRatio || 1;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.frame.hidden = !(this.size && (layers.before || layers.after));
    if (!this.frame.hidden) {
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.imageSmoothingQuality = "high";
      const split = layers.after ? (this.sheet ? 0 : this.splitX) : this.width;
      this.half("after", split, this.width);
      this.half("before", 0, split);
      this.over(layers);
    }
    this.waiting.splice(0).forEach((then) => then());
  }

  /** One side of the slider. */
  half(which, from, to) {
    const { context } = this;
    const picture = this.layers[which] ?? this.layers.before ?? this.layers.after;
    if (to <= from) return;
    context.save();
    context.beginPath();
    context.rect(from, 0, to - from, this.height);
    context.clip();
    if (this.raw) this.cut(picture);
    else this.place(picture, { x: 0, y: 0, ...this.out });
    if (this.detail) {
      context.imageSmoothingEnabled = this.scale < 4;
      this.place(this.detail[which], this.detail.rect);
    }
    context.restore();
  }

  /** What lies over the picture: doubts, masks. */
  over({ overlay, masks }) {
    const { context } = this;
    if (overlay) this.place(overlay, { x: 0, y: 0, ...this.out });
    for (const { drawable, alpha } of masks()) {
      context.globalAlpha = alpha;
      this.cut(drawable);
    }
    context.globalAlpha = 1;
  }

  /** Draws something that covers the whole photograph, as far as it lies in the part that is shown. */
  cut(drawable) {
    const { context } = this;
    context.save();
    context.beginPath();
    context.rect(this.x, this.y, this.out.width * this.scale, this.out.height * this.scale);
    context.clip();
    context.transform(this.scale, 0, 0, this.scale, this.x, this.y);
    context.transform(...this.part.matrix);
    context.drawImage(drawable, 0, 0, this.size.width, this.size.height);
    context.restore();
  }

  /** Draws something over a rectangle of the result. */
  place(drawable, { x, y, width, height }) {
    const corner = this.onScreen({ x, y });
    this.context.drawImage(drawable, corner.x, corner.y, width * this.scale, height * this.scale);
  }
}
