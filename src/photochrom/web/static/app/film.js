/**
 * A film: at the server it lies in a folder; here it is an item among the photographs. The frame that is shown is a photograph like
 * any other, opened from the film's light, and what is placed in it is kept at the server as what is known of the film.
 *
 * @typedef {import("./app.js").Photo & {film: Film, frame: number}} FramePhoto
 */

import { app, emit } from "./app.js";
import { Away, Problem } from "./api.js";
import { dialsOf } from "./dials.js";
import { toast } from "./dom.js";
import { newId } from "./edits.js";
import { sentence } from "./faults.js";
import * as server from "./film_api.js";
import { editsOf, shotOf, timeOf, withFrame } from "./film_edits.js";
import { commit, history, sameEdits } from "./history.js";
import { t } from "./i18n.js";
import { fresh } from "./queue.js";
import { forget } from "./sessions.js";

/** Milliseconds until edits are sent, and between two questions how far the work is. */
const PAUSE = 300;
const WATCH = 700;
const BUSY = ["queued", "running"];

export class Film {
  /** @param {any} queue @param {{file?: File, state?: Object}} from a file to be sent, or what the server knows */
  constructor(queue, { file = null, state = null }) {
    Object.assign(this, { queue, file, state, name: state?.name ?? file.name, sent: 0 });
    /** @type {import("./film_edits.js").Shot[]|null} */
    this.shots = null;
    this.known = { hints: [], references: [], palettes: [] };
    this.choices = null;
    /** @type {Map<number, FramePhoto>} */
    this.frames = new Map();
    /** Addresses of small pictures, by shot. @type {string[]} */
    this.thumbs = [];
    /** The same of frames that were painted here, by shot. @type {Map<number, string>} */
    this.painted = new Map();
    /** The reference pictures by their ids at the server, and the other way round. @type {Map<string, import("./app.js").Picture>} */
    this.pictures = new Map();
    /** @type {Map<string, string>} */
    this.refs = new Map();
    this.asking = new AbortController();
    this.timers = {};
    this.sending = Promise.resolve();
    this.removed = false;
    /** The frame to begin with, 0 for the usual one. */
    this.wanted = 0;
    /** What stands for the film among the photographs: first nothing, then the frame that is shown. */
    this.photo = fresh({ id: newId("film"), name: this.name, film: this, frame: -1, status: "opening" });
  }

  get id() {
    return this.state?.id;
  }

  get shot() {
    return this.shots ? shotOf(this.shots, this.photo.frame) : 0;
  }

  get stretch() {
    const { width, height, display } = this.state;
    return { x: display[0] / width, y: display[1] / height };
  }

  get busy() {
    return this.state ? ["reading", "coloring", "clip"].some((task) => BUSY.includes(this.state[task].state)) : !this.removed;
  }

  /** Sends the file, where there is one, then reads what there is to know. */
  async open() {
    try {
      if (!this.state) {
        const progress = (share) => { this.sent = share; emit("film", this); };
        this.state = await server.send(this.file, progress, this.asking.signal);
        this.file = null;
      }
      if (this.removed) return;
      if (this.state.reading.state === "failed") this.state = await server.lookAgain(this.id);
      emit("film", this);
      await this.watch();
    } catch (error) {
      this.fail(error);
    }
  }

  fail(error) {
    if (this.removed) return;
    this.queue.status(this.photo, "failed", error instanceof Away ? t("fault.away") : sentence(error), error instanceof Away);
  }

  /** Once more, after a fault. */
  again() {
    this.queue.status(this.photo, "opening");
    this.open();
  }

  /** Asks how far the work is, as long as there is any. */
  async watch() {
    clearTimeout(this.timers.watch);
    if (this.removed) return;
    try {
      await this.update(await server.show(this.id));
    } catch (error) {
      if (error instanceof Problem && error.status === 404) return this.gone();
      if (!(error instanceof Away)) throw error;
    }
    if (this.busy) this.timers.watch = setTimeout(() => this.watch().catch((error) => this.fail(error)), WATCH);
  }

  /** Takes the film's state from the server. */
  async update(state) {
    this.state = state;
    if (state.reading.state === "failed" && state.shots === null) throw new Error(state.reading.message);
    if (state.shots !== null && !this.shots) await this.begin();
    emit("film", this);
    await this.fetchThumbs();
  }

  async begin() {
    const [shots, known, choices] = await Promise.all([server.shots(this.id), server.edits(this.id), server.choices(this.id)]);
    Object.assign(this, { known, choices });
    await this.fetchPictures();
    this.shots = shots;
    if (!this.removed) this.show(this.wanted && this.wanted < shots.at(-1).stop ? this.wanted : shots[0].key);
  }

  /** Fetches the reference pictures that the film's edits name. */
  async fetchPictures() {
    for (const { path } of this.known.references) {
      if (this.pictures.has(path)) continue;
      this.takePicture(path, { id: newId("ref"), ...(await server.reference(this.id, path)) });
    }
  }

  takePicture(path, picture) {
    this.pictures.set(path, picture);
    this.refs.set(picture.id, path);
  }

  async fetchThumbs() {
    for (let index = 0; index < this.state.thumbnails; index++) {
      if (this.thumbs[index]) continue;
      const picture = await server.thumbnail(this.id, index);
      // Two may ask at the same time, one while it watches and one while it saves.
      this.thumbs[index] ??= URL.createObjectURL(picture);
      emit("film", this);
    }
  }

  /** Shows a frame, in the place of the one that is shown. */
  show(frame) {
    const edits = editsOf(this.shots, this.known, this.choices, this.stretch, frame, this.pictures);
    let photo = this.frames.get(frame);
    if (!photo) {
      photo = fresh({ id: `${this.id}-${frame}`, name: this.name, film: this, frame, history: history(edits) });
      this.frames.set(frame, photo);
    } else {
      // Its colours are its own; the rest was perhaps changed in another frame.
      const onTheirWay = photo.history.edits.references.filter(({ ref }) => !this.refs.has(ref));
      const references = [...edits.references, ...onTheirWay];
      const now = { ...photo.history.edits, ...dialsOf(edits), palette: edits.palette, references };
      if (!sameEdits(now, photo.history.edits)) photo.history = commit(photo.history, now);
    }
    photo.refs = [...new Set([...photo.refs, ...this.pictures.values()])];
    const old = this.photo;
    this.photo = photo;
    this.queue.swap(old, photo);
  }

  /** Takes the edits of a frame, and sends them soon. */
  edited(photo = this.photo) {
    const { edits } = photo.history;
    this.known = withFrame(this.shots, this.known, this.stretch, photo.frame, edits, this.refs);
    this.choose(dialsOf(edits));
    emit("film", this);
    if (edits.references.some(({ ref }) => !this.refs.has(ref))) this.sendPictures(photo);
  }

  /** Sends the reference pictures of a frame that the server does not have, then takes its edits. */
  async sendPictures(photo) {
    const missing = () => photo.refs.filter(({ id }) => !this.refs.has(id) && photo.history.edits.references.some(({ ref }) => ref === id));
    this.sendingPictures = (this.sendingPictures ?? Promise.resolve()).then(async () => {
      const pictures = missing();
      for (const picture of pictures) this.takePicture((await this.addPicture(picture)).id, picture);
      if (pictures.length && !this.removed) this.edited(photo);
    }).catch((error) => toast(t("film.unsaved", { why: sentence(error) }), { kind: "error", about: "film" }));
    await this.sendingPictures;
  }

  /** Adds a picture; where there are too many, those that nothing uses any more go. */
  async addPicture(picture) {
    try {
      return await server.addReference(this.id, picture);
    } catch (error) {
      if (!(error instanceof Problem && error.limit)) throw error;
      const unused = [...this.pictures].filter(([path]) => !this.known.references.some((row) => row.path === path));
      if (!unused.length) throw error;
      for (const [path, { id }] of unused) {
        await server.dropReference(this.id, path);
        this.pictures.delete(path);
        this.refs.delete(id);
      }
      return server.addReference(this.id, picture);
    }
  }

  /** Chooses something for the whole film. */
  choose(more) {
    this.choices = { ...this.choices, ...more };
    clearTimeout(this.timers.save);
    this.timers.save = setTimeout(() => this.save(), PAUSE);
    this.unsaved = true;
  }

  /** Sends what was not sent yet; one after the other, the last one wins. */
  save() {
    clearTimeout(this.timers.save);
    if (!this.unsaved) return this.sending;
    this.unsaved = false;
    const [known, choices] = [this.known, this.choices];
    this.sending = this.sending.catch(() => {}).then(async () => {
      try {
        await server.saveEdits(this.id, known);
        await this.update(await server.saveChoices(this.id, choices));
      } catch (error) {
        this.unsaved = true;
        if (!(error instanceof Away)) toast(t("film.unsaved", { why: sentence(error) }), { kind: "error", about: "film" });
        throw error;
      }
    });
    this.sending.catch(() => {});
    return this.sending;
  }

  /** Sends what was not sent yet while the page is left: all at once, since nobody waits for an answer. */
  leave() {
    if (!this.unsaved || !this.id) return;
    this.unsaved = false;
    const sent = [server.saveEdits(this.id, this.known, { keepalive: true }), server.saveChoices(this.id, this.choices, { keepalive: true })];
    Promise.all(sent).catch(() => { this.unsaved = true; });
  }

  /** Does something at the server with what is known now. @param {() => Promise<Object>} work */
  async ask(work) {
    await this.save();
    await this.update(await work());
    this.watch().catch((error) => this.fail(error));
  }

  /** Takes the hints of a file for the whole film. @param {File} file */
  async load(file) {
    try {
      const known = { references: [], hints: [], palettes: [], ...JSON.parse(await file.text()) };
      await this.update(await server.saveEdits(this.id, known));
      this.known = await server.edits(this.id);
      await this.fetchPictures();
      this.forgetFrames();
      this.show(this.photo.frame);
      toast(t("load.done", { name: file.name, n: this.known.hints.length }));
    } catch (error) {
      toast(t("load.failed", { name: file.name, why: sentence(error) }), { kind: "error" });
    }
  }

  /** Removes the film here and at the server, with all that was made of it. */
  async remove() {
    if (this.id) await server.remove(this.id).catch((error) => { if (!(error instanceof Problem && error.status === 404)) throw error; });
    this.gone();
  }

  /** Lets the server forget all frames that were looked at. */
  forgetFrames() {
    for (const photo of this.frames.values()) forget(photo);
    this.frames.clear();
  }

  gone() {
    this.removed = true;
    this.asking.abort();
    this.forgetFrames();
    Object.values(this.timers).forEach(clearTimeout);
    [...this.thumbs, ...this.painted.values()].forEach((address) => URL.revokeObjectURL(address));
    if (app.photos.includes(this.photo)) this.queue.drop(this.photo);
  }

  /** Takes the frame that is shown, as it was painted, for its shot's picture. */
  picture() {
    const old = this.painted.get(this.shot);
    this.painted.set(this.shot, URL.createObjectURL(this.photo.after));
    emit("film", this);
    if (old) URL.revokeObjectURL(old);
  }

  /** Sentences of the server about the film and what became of it. */
  get notices() {
    return [...new Set([...(this.state?.notices ?? []), ...(this.state?.result?.notices ?? [])])];
  }

  /** The name of a frame that is saved as a picture. */
  get stillName() {
    return `${this.name.replace(/\.[^.]*$/, "")}-${Math.round(this.photo.frame)}.png`;
  }

  /** The file of hints, for `photochrom video --hints`. */
  async sidecar() {
    await this.save();
    return new Blob([JSON.stringify({ "photochrom-film": 1, ...this.known }, null, 1)], { type: "application/json" });
  }

  seconds(frame) {
    return timeOf(this.shots, frame);
  }
}
