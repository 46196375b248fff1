/**
 * Before and after in motion, on the stage itself: each picture of the clip holds both, and they are drawn on both sides of the slider.
 * Zooming and moving go on meanwhile; a click stops it.
 */

import { app, on } from "./app.js";
import { $, toast } from "./dom.js";
import { sentence } from "./faults.js";
import * as server from "./film_api.js";
import { t } from "./i18n.js";

/** What this browser plays. */
const format = () => (document.createElement("video").canPlayType('video/mp4; codecs="avc1.640028"') ? "mp4" : "webm");

/** @param {import("./view.js").View} view @param {(playing: {frame: number}|null) => void} onMoment */
export function startPlayer(view, onMoment) {
  const video = $("#film-video");
  /** The film whose clip is waited for, or playing. */
  let film = null;
  let halves = null;
  let still = null;

  const playing = () => document.body.classList.contains("playing");

  /** Asks for the clip around the frame that is shown, and plays it as soon as it is there. */
  async function play() {
    film = app.active.film;
    const wanted = { shot: film.shot, moment: film.photo.frame, format: format() };
    try {
      await film.ask(() => server.askClip(film.id, wanted));
      check();
    } catch (error) {
      fault(sentence(error));
    }
    onMoment(null);
  }

  const fault = (why) => {
    film = null;
    toast(t("film.clip.failed", { why }), { kind: "error" });
  };

  /** Whether the clip has come. */
  async function check() {
    if (!film || playing()) return;
    const { clip } = film.state;
    if (clip.state === "failed") fault(clip.message);
    else if (clip.state === "done" && clip.current) {
      const mine = film;
      const blob = await server.clip(film.id);
      if (mine !== film || app.active?.film !== film || playing()) return;
      begin(blob);
    }
  }

  function begin(blob) {
    URL.revokeObjectURL(video.src);
    video.src = URL.createObjectURL(blob);
    still = { photo: app.active, before: view.layers.before, after: view.layers.after };
    halves = null;
    document.body.classList.add("playing");
    view.detail = null;
    video.play().catch((error) => { if (playing()) { stop(); fault(String(error.message)); } });
    next();
    onMoment(null);
  }

  const next = () => (video.requestVideoFrameCallback ? video.requestVideoFrameCallback(draw) : requestAnimationFrame(draw));

  function draw() {
    if (!playing()) return;
    const [width, height] = [video.videoWidth, video.videoHeight / 2];
    if (width) {
      halves ??= [0, 1].map(() => Object.assign(document.createElement("canvas"), { width, height }));
      halves.forEach((canvas, i) => canvas.getContext("2d").drawImage(video, 0, i * height, width, height, 0, 0, width, height));
      Object.assign(view.layers, { before: halves[0], after: halves[1] });
      view.draw();
      const { start, stop: end } = film.state.clip;
      const shot = film.shots[film.shot];
      const at = start + Math.min(1, video.currentTime / Math.max(video.duration, 1e-3)) * (end - start);
      onMoment({ frame: Math.min(shot.stop - 1, Math.round(shot.start + ((at - shot.begins) / Math.max(1e-6, shot.ends - shot.begins)) * (shot.stop - shot.start))) });
    }
    next();
  }

  /** Ends playing, or waiting for it. */
  function stop() {
    film = null;
    if (!playing()) return;
    document.body.classList.remove("playing");
    video.pause();
    if (still.photo === app.active) {
      Object.assign(view.layers, { before: still.before, after: still.after });
      view.draw();
    }
    onMoment(null);
  }

  on("film", (one) => one === film && check());
  on("photo edits", stop);
  view.stage.addEventListener("pointerdown", (event) => {
    if (!playing() || event.target.closest("button, [role=slider], .bar")) return;
    event.stopImmediatePropagation();
    stop();
  }, { capture: true });
  return { toggle: () => (film ? stop() : play()), stop, get waiting() { return film !== null && !playing(); }, get playing() { return playing(); } };
}
