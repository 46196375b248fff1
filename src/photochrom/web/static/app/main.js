/** Puts the page together: parts know each other only through what they are given here, and through the events of app.js. */

import { app, emit, on, setTool } from "./app.js";
import { startAlternatives } from "./alternatives.js";
import { startCompare } from "./compare.js";
import { startCoach } from "./coach.js";
import { startCrop } from "./crop.js";
import { $, toast } from "./dom.js";
import { startFilmBar } from "./film_bar.js";
import { isFilm, startFilms } from "./films.js";
import { startGestures } from "./gestures.js";
import { startGuide } from "./guide.js";
import { startHints } from "./hints.js";
import { t, translatePage } from "./i18n.js";
import { startKeys } from "./keys.js";
import { startPainter } from "./painter.js";
import { startPalettes } from "./palettes.js";
import { startPanels } from "./panels.js";
import { startPicker } from "./picker.js";
import { startPins } from "./pins.js";
import { startProposals } from "./proposals.js";
import { startQueue } from "./queue.js";
import { startReferences } from "./references.js";
import { startRegions } from "./regions.js";
import { loadSidecar, startSave } from "./save.js";
import { startSteps } from "./steps.js";
import { keepUnsaved, openStore } from "./store.js";
import { startStrip } from "./strip.js";
import { View } from "./view.js";

translatePage();
const stage = $("#stage");
const view = new View(stage, $("#canvas"), $("#frame"));
const parts = {};
const hints = startHints(view, () => parts);
const painter = startPainter(view);
Object.assign(parts, {
  hints,
  compare: startCompare(view),
  crop: startCrop(view),
  picker: startPicker(view),
  regions: startRegions(view, { choose: hints.beginRegion, reshape: hints.reshape }),
  save: startSave(),
  pins: startPins(view, {
    open: hints.open,
    remove: hints.remove,
    proposed: (id) => parts.proposals.choose(id),
    suggested: (click) => hints.begin({ x: click.x, y: click.y }, Promise.resolve(click.colors)),
  }),
});
parts.proposals = startProposals(view, parts.pins);
const queue = startQueue(view, painter);
const films = startFilms(queue);
startStrip(queue);
startFilmBar(view);
startSteps();
startGuide(view, parts.pins);
startPanels(hints);
startReferences();
startAlternatives();
startPalettes(() => stage.dataset.busy === "true");

const tools = {
  hand: {},
  color: {
    click({ sx, sy }) {
      const pixel = view.pixelAt(sx, sy);
      if (pixel) hints.begin(pixel);
      else parts.picker.close();
    },
  },
  brush: parts.regions.brush,
  box: parts.regions.box,
  crop: {},
};
const { eyedropper } = parts.picker;
startGestures(view, () => (eyedropper.active ? eyedropper.tool : tools[app.tool]));
startKeys(view, { ...parts, tools });

// The rail.
for (const button of document.querySelectorAll("[data-tool-button]")) {
  button.addEventListener("click", () => setTool(button.dataset.toolButton));
}
on("tool photo", () => {
  parts.picker.close();
  $("#tool-hint").textContent = t(`tool.${app.tool}.hint`);
  $("#tool-hint").hidden = ["brush", "box", "crop"].includes(app.tool);
  for (const button of document.querySelectorAll("[data-tool-button]")) button.setAttribute("aria-pressed", String(button.dataset.toolButton === app.tool));
});
$("#zoom-in").addEventListener("click", () => view.zoomAt(1.4));
$("#zoom-out").addEventListener("click", () => view.zoomAt(1 / 1.4));
$("#zoom-fit").addEventListener("click", () => view.fit());
on("view", () => ($("#zoom-value").textContent = `${Math.round(view.scale * (window.devicePixelRatio || 1) * 100)} %`));

// Files: chosen, dropped, pasted. A JSON file holds edits, what is no film is taken for a photograph, and the server judges it.
async function take(files) {
  const isEdits = (file) => file.name.toLowerCase().endsWith(".json");
  queue.add(files.filter((file) => !isEdits(file) && !isFilm(file)));
  films.add(files.filter(isFilm));
  for (const file of files.filter(isEdits)) {
    await queue.settled();
    if (app.active?.film?.shots) app.active.film.load(file);
    else loadSidecar(file);
  }
}
function opens(input, buttons) {
  input.addEventListener("change", () => {
    take([...input.files]);
    input.value = "";
  });
  for (const button of buttons) $(button).addEventListener("click", () => input.click());
}
opens($("#photo-file"), ["#choose", "#add"]);
opens($("#edits-file"), ["#load-edits"]);
opens($("#camera-file"), ["#camera"]);
$("#remove-photo").addEventListener("click", () => app.active && queue.close(app.active));
startCoach(view, queue, () => $("#photo-file").click());
$("#clear").addEventListener("click", () => $("#clear-dialog").showModal());
$("#clear-dialog").addEventListener("close", (event) => event.target.returnValue === "clear" && films.clear().then(queue.clear));

let depth = 0;
const dropping = (on) => document.body.classList.toggle("dropping", on);
document.addEventListener("dragenter", () => dropping(++depth > 0));
document.addEventListener("dragleave", () => dropping(--depth > 0));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  depth = 0;
  dropping(false);
  take([...event.dataTransfer.files]);
});
document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (files.length) take(files);
});

// On a phone the panel is a sheet at the foot, and what it covers is taken from the stage.
const sheet = $("#sheet-toggle");
function showSheet(open) {
  document.body.classList.toggle("sheet-open", open);
  sheet.setAttribute("aria-expanded", String(open));
  parts.picker.close();
  document.body.style.setProperty("--covered", open ? `${$("#panel").offsetHeight}px` : "0px");
  document.body.style.setProperty("--covered-side", open ? `${$("#panel").offsetWidth}px` : "0px");
}
sheet.addEventListener("click", () => showSheet(!document.body.classList.contains("sheet-open")));
// Of a photograph that cannot be opened there is nothing to adjust, and what may be done about it lies where the sheet is.
on("queue", () => app.active?.status === "failed" && document.body.classList.contains("sheet-open") && showSheet(false));

// Where pictures go: to the server's computer, which is this one or another.
const here = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
$("#welcome-where").textContent = t(here ? "welcome.here" : location.protocol === "https:" ? "welcome.there" : "welcome.lan", { host: location.hostname });

// Whatever is on its way when the page is left arrives all the same.
window.addEventListener("pagehide", () => {
  keepUnsaved(app.photos);
  emit("leave");
});

// A first look: half before, half after.
on("photo", () => parts.compare.set(0.5));
on("status", (text) => toast(text));

await openStore(() => toast(t("store.none"), { kind: "error" }));
const last = localStorage.getItem("photochrom-active") ?? "";
await queue.restore();
films.restore(last); // not waited for: the server may ask for its token first
emit("tool");
document.body.dataset.ready = "true";
