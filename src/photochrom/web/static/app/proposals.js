/**
 * An album keeps its colours: what was placed in one photograph is proposed in others that show the same kind of thing, to take or to
 * refuse, one by one or all. Proposals wait with their photograph until they are answered; what was refused is not proposed again.
 *
 * @typedef {{id: string, key: string, x: number, y: number, fill: import("./edits.js").Fill, reach?: string, strength?: number,
 *     from: string, sureness: number}} Proposal
 *     key: what it comes from; from: the name of that photograph
 */

import { app, change, edits, emit, on } from "./app.js";
import { $, announce, h, toast } from "./dom.js";
import { PLAIN, newId } from "./edits.js";
import { sentence } from "./faults.js";
import { t } from "./i18n.js";
import * as sessions from "./sessions.js";
import { savePreviews } from "./store.js";

const others = () => app.photos.filter((photo) => photo !== app.active && !photo.film && photo.status === "ready");
/** What can be proposed elsewhere: the areas and the places of a photograph that have a colour. */
const colored = ({ regions, spots }) => [...regions.filter(({ fill }) => fill), ...spots.filter(({ fill }) => !fill.keep)];

/** @param {import("./view.js").View} view @param {any} pins */
export function startProposals(view, pins) {
  const section = $("#album-section");
  const list = $("#album-list");
  const begin = $("#album-begin");
  const progress = $("#album-progress");
  const bar = $("#proposal-bar");
  /** Photographs that are not to be asked. @type {Set<string>} */
  const left = new Set();
  let busy = false;
  let at = 0;

  const waiting = () => app.active?.proposals ?? [];
  const current = () => waiting()[Math.min(at, waiting().length - 1)] ?? null;

  /** The photographs that can be chosen. */
  function render() {
    section.hidden = !app.active || Boolean(app.active.film) || others().length === 0;
    const count = edits() ? colored(edits()).length : 0;
    $("#album-none").hidden = count > 0;
    begin.disabled = busy || !count || others().every(({ id }) => left.has(id));
    list.replaceChildren(...others().map((photo) => h("li", {}, h("label", { class: "album-row" },
      h("input", { type: "checkbox", checked: !left.has(photo.id), onchange: (event) => { left[event.target.checked ? "delete" : "add"](photo.id); render(); } }),
      photo.thumb ? h("img", { src: photo.thumb, alt: "" }) : null,
      h("span", { class: "name" }, photo.name),
      photo.proposals?.length ? h("span", { class: "badge" }, String(photo.proposals.length)) : null))));
  }

  /** The bar over the picture: one proposal at a time. */
  function show() {
    const one = current();
    const all = waiting();
    bar.hidden = !one;
    pins.setProposals(all, one?.id ?? null);
    if (!one) return;
    at = all.indexOf(one);
    $("#proposal-swatch").style.background = one.fill.swatch;
    $("#proposal-words").textContent = t("album.one", { i: at + 1, n: all.length, name: one.fill.name, from: one.from });
    for (const id of ["#proposal-all", "#proposal-none"]) $(id).hidden = all.length < 2;
  }

  /** Proposals leave the photograph, taken or refused. */
  function answered(gone, taken) {
    const photo = app.active;
    if (!photo || !gone.length) return;
    photo.proposals = waiting().filter((one) => !gone.includes(one));
    photo.refused = [...new Set([...(photo.refused ?? []), ...gone.map(({ key }) => key)])];
    savePreviews(photo);
    if (taken) {
      const spots = gone.map(({ x, y, fill, reach, strength }) => ({ id: newId("spot"), x, y, fill, ...(reach ? { reach } : {}), ...(strength === undefined ? {} : { strength }) }));
      change((now) => ({ ...now, spots: [...now.spots, ...spots] }));
    }
    announce(t(taken ? "album.taken" : "album.refused", { n: gone.length }));
    show();
    emit("queue");
    if (bar.hidden) view.stage.focus({ preventScroll: true });
    else $("#proposal-take").focus({ preventScroll: true });
  }

  /** What the colours of `source` say about a photograph. */
  async function ask(photo, source, items) {
    const now = { ...PLAIN, regions: items.filter(({ mask }) => mask), spots: items.filter(({ mask }) => !mask), geometry: source.history.edits.geometry };
    const found = await sessions.proposals(photo, photo.history.edits, source, now);
    const made = found.map(({ hint, index, swatch, sureness }) => {
      const item = items[index];
      return {
        id: newId("proposal"), key: `${source.id} ${item.id}`, x: hint.x, y: hint.y, fill: { ...item.fill, swatch }, reach: hint.reach === "object" ? undefined : hint.reach,
        strength: hint.strength === 1 ? undefined : hint.strength, from: source.name, sureness,
      };
    });
    const known = new Set(photo.refused ?? []);
    const rest = (photo.proposals ?? []).filter(({ key }) => !key.startsWith(`${source.id} `));
    photo.proposals = [...rest, ...made.filter(({ key }) => !known.has(key))];
    savePreviews(photo);
    return photo.proposals.length - rest.length;
  }

  async function run() {
    const source = app.active;
    const items = colored(source.history.edits);
    const photos = others().filter(({ id }) => !left.has(id));
    const bar_ = $("progress", progress);
    let [colors, pictures] = [0, 0];
    busy = true;
    render();
    progress.hidden = false;
    bar_.max = photos.length;
    try {
      for (const [i, photo] of photos.entries()) {
        bar_.value = i;
        $("span", progress).textContent = t("album.looking", { i: i + 1, n: photos.length, name: photo.name });
        if (!app.photos.includes(photo) || !app.photos.includes(source)) continue;
        const found = await ask(photo, source, items);
        colors += found;
        pictures += found ? 1 : 0;
        emit("queue");
        if (photo === app.active) show();
      }
      const text = colors ? t("album.found", { n: colors, photos: t("album.photos", { n: pictures }) }) : t("album.nothing");
      toast(text, { about: "album" });
      announce(text);
    } catch (error) {
      toast(t("album.failed", { why: sentence(error) }), { kind: "error", about: "album" });
    }
    busy = false;
    progress.hidden = true;
    render();
  }

  begin.addEventListener("click", run);
  $("#proposal-take").addEventListener("click", () => answered([current()], true));
  $("#proposal-refuse").addEventListener("click", () => answered([current()], false));
  $("#proposal-all").addEventListener("click", () => answered(waiting(), true));
  $("#proposal-none").addEventListener("click", () => answered(waiting(), false));
  on("queue edits photo", render);
  on("photo painted", () => {
    show();
  });
  on("photo", () => (at = 0));
  return {
    /** Makes a proposal the one that is asked about. */
    choose(id) {
      at = Math.max(0, waiting().findIndex((one) => one.id === id));
      show();
      $("#proposal-take").focus({ preventScroll: true });
    },
  };
}
