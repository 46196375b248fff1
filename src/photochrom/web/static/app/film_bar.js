/** What stands below a film: its shots, the moment that is shown, the player, and the work on the whole. */

import { app, emit, on } from "./app.js";
import { $, announce, h, icon, toast } from "./dom.js";
import { sentence } from "./faults.js";
import * as server from "./film_api.js";
import { placedIn } from "./film_edits.js";
import { startPlayer } from "./film_player.js";
import { percent, t } from "./i18n.js";

/** Seconds as a clock shows them. */
const clock = (seconds) => `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
const about = (seconds) => (seconds < 90 ? t("film.left.s", { n: Math.max(1, Math.round(seconds)) }) : seconds < 5400 ? t("film.left.m", { n: Math.round(seconds / 60) }) : t("film.left.h", { n: Math.round(seconds / 360) / 10 }));

/** @param {import("./view.js").View} view */
export function startFilmBar(view) {
  const bar = $("#film");
  const list = $("#film-shots");
  const moment = $("#film-moment");
  const player = startPlayer(view, (playing) => {
    if (playing) moment.value = String(playing.frame);
    else render();
  });
  let announced = "";
  let notices = "";

  function card(film, shot, index) {
    const placed = placedIn(film.shots, film.known, index);
    const words = [t("film.shot", { i: index + 1, time: clock(shot.begins) }), ...(shot.kind === "film" ? [] : [t(`film.kind.${shot.kind}`)]),
      ...(placed ? [t("placed.count", { n: placed })] : [])].join(", ");
    return h("li", { class: "shot" }, h("button", {
      type: "button", "data-shot": index, "aria-current": String(index === film.shot), "aria-label": words, title: words,
      onclick: () => index !== film.shot && film.show(shot.key),
    },
    small(film, index) ? h("img", { src: small(film, index), alt: "" }) : icon("film"),
    h("span", { class: "name" }, clock(shot.begins), placed ? h("b", { class: "placed-in" }, String(placed)) : "")));
  }

  const small = (film, index) => film.painted.get(index) ?? film.thumbs[index];

  /** How far the work is, in words and as a share. */
  function work(film) {
    const { state } = film;
    if (!state) return { words: t("film.sending", { share: percent(film.sent) }), share: film.sent };
    const { reading, coloring, clip } = state;
    if (!film.shots) {
      if (reading.state === "queued") return { words: t("film.queued.reading") };
      const share = state.duration && state.rate ? Math.min(1, reading.done / (state.duration * state.rate)) : undefined;
      return { words: t("film.reading", { n: reading.done }), share };
    }
    if (player.waiting) return { words: t("film.clip.during"), share: clip.total ? clip.done / clip.total : undefined };
    const figures = { done: coloring.done, total: coloring.total ?? state.frames };
    const share = figures.done / Math.max(1, figures.total);
    if (coloring.state === "queued") return { words: t("film.queued"), share };
    if (coloring.state === "running") {
      const step = coloring.step === "joining" ? t("film.joining") : t("film.during", figures);
      return { words: coloring.left && coloring.step !== "joining" ? `${step}, ${about(coloring.left)}` : step, share };
    }
    if (coloring.state === "failed") return { words: t("film.failed", { why: coloring.message }), fault: true };
    if (coloring.state === "stopped") return { words: t(state.stale ? "film.stale" : "film.stopped", figures), share: state.stale ? undefined : share, still: true };
    if (state.result) return { words: t(state.result.current ? "film.done" : "film.stale"), still: true };
    return { words: t("film.what"), still: true };
  }

  function render() {
    const film = app.active?.film;
    bar.hidden = !film || app.active.status === "failed";
    document.body.classList.toggle("film", Boolean(film));
    if (bar.hidden) return;
    const { state, shots } = film;
    const ready = Boolean(shots);
    for (const part of bar.querySelectorAll(".with-shots")) part.hidden = !ready;
    const { words, share, fault = false, still = false } = work(film);
    const line = $("#film-progress progress");
    line.hidden = still || fault;
    if (share === undefined) line.removeAttribute("value");
    else line.value = share;
    $("#film-words").textContent = words;
    $("#film-words").classList.toggle("fault", fault);
    if (!ready) return;
    const running = ["queued", "running"].includes(state.coloring.state);
    const begun = state.coloring.state === "stopped" || state.coloring.state === "failed";
    $("#film-start").hidden = running || Boolean(state.result?.current);
    $("#film-start").textContent = t(state.stale ? "film.anew" : begun ? "film.go-on" : "film.start");
    $("#film-stop").hidden = !running;
    const link = $("#film-download");
    link.hidden = !state.result || running;
    if (state.result) Object.assign(link, { href: state.result.href, download: state.result.name });
    link.className = state.result?.current ? "primary" : "quiet";
    $("#film-quality").value = film.choices.quality;
    $("#film-quality").disabled = running;
    const shot = shots[film.shot];
    Object.assign(moment, { min: String(shot.start), max: String(shot.stop - 1) });
    if (!player.playing) moment.value = String(film.photo.frame);
    time(film, film.photo.frame);
    $("#film-play").setAttribute("aria-pressed", String(player.playing || player.waiting));
    $("#film-play span").textContent = t(player.playing ? "film.pause" : player.waiting ? "film.clip.cancel" : "film.play");
    rows(film);
    speak(film);
    if (notices !== film.notices.join()) {
      notices = film.notices.join();
      emit("session");
    }
  }

  const time = (film, frame) => {
    $("#film-time").textContent = clock(film.seconds(frame));
    moment.setAttribute("aria-valuetext", clock(film.seconds(frame)));
  };

  /** The row of shots, made anew only where it changed: a focus in it stays. */
  function rows(film) {
    const wanted = JSON.stringify([film.id, film.shot, film.shots.map((_, index) => [small(film, index), placedIn(film.shots, film.known, index)])]);
    if (list.dataset.made === wanted) return;
    const focused = document.activeElement?.dataset?.shot;
    const left = list.scrollLeft;
    list.dataset.made = wanted;
    list.replaceChildren(...film.shots.map((shot, index) => card(film, shot, index)));
    list.scrollLeft = left;
    if (focused !== undefined) $(`[data-shot="${focused}"]`, list)?.focus();
    $('[aria-current="true"]', list)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** Announces when the work enters another phase, not every figure. */
  function speak(film) {
    const now = `${film.id} ${film.state.coloring.state}`;
    if (announced.startsWith(film.id) && announced !== now && !["queued", "new"].includes(film.state.coloring.state)) announce($("#film-words").textContent);
    announced = now;
  }

  const ask = (work) => async () => {
    const { film } = app.active;
    try {
      await film.ask(() => work(film));
    } catch (error) {
      toast(sentence(error), { kind: "error" });
    }
  };
  $("#film-start").addEventListener("click", ask((film) => server.start(film.id, film.state.stale)));
  $("#film-stop").addEventListener("click", ask((film) => server.stop(film.id)));
  $("#film-play").addEventListener("click", () => { player.toggle(); render(); });
  $("#film-quality").addEventListener("change", (event) => {
    app.active.film.choose({ quality: event.target.value });
    emit("film", app.active.film);
  });
  moment.addEventListener("input", () => { player.stop(); time(app.active.film, Number(moment.value)); });
  moment.addEventListener("change", () => app.active.film.show(Number(moment.value)));
  list.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const next = step && $(`[data-shot="${Number(event.target.dataset.shot) + step}"]`, list);
    if (!next) return;
    event.preventDefault();
    next.focus();
  });

  on("photo queue", render);
  on("painted", (photo) => photo.film && photo.after && photo === photo.film.photo && photo.film.picture());
  on("film", (film) => film === app.active?.film && render());
}
