"use strict";
// The page's data: rows [origin, path, name, state, confidence, chroma, seconds, sentence], sheets, and where files are.
const data = JSON.parse(document.getElementById("data").textContent);
const at = id => document.getElementById(id);
const PAGE = 100;
let shown = data.rows, page = 0;

const encoded = path => path.split("/").map(encodeURIComponent).join("/");
const before = (origin, path, name) => data.before[origin] === null ? null : data.before[origin] + encoded(path ?? name);
const after = name => data.after === null ? null : data.after + encoded(name);

function link(anchor, address) {
  if (address === null) anchor.removeAttribute("href");
  else anchor.href = address;
}

function cell(content, kind) {
  const made = document.createElement("td");
  if (kind) made.className = kind;
  made.append((kind === "n" ? content?.toFixed(2) : content) ?? "");
  return made;
}

function draw() {
  const last = Math.max(0, Math.ceil(shown.length / PAGE) - 1);
  page = Math.min(Math.max(page, 0), last);
  const rows = shown.slice(page * PAGE, (page + 1) * PAGE).map(row => {
    const [origin, path, name, state, confidence, chroma, seconds, sentence] = row;
    const anchor = document.createElement("a");
    anchor.textContent = name;
    link(anchor, state === "done" || state === "copied" ? after(name) : before(origin, path, name));
    const made = document.createElement("tr");
    made.append(cell(anchor), cell(state, "word"), cell(confidence, "n"), cell(chroma, "n"), cell(seconds, "n"), cell(sentence));
    return made;
  });
  at("rows").replaceChildren(...rows);
  const first = shown.length ? page * PAGE + 1 : 0;
  at("where").textContent = `${first} to ${Math.min(shown.length, (page + 1) * PAGE)} of ${shown.length}`;
  at("earlier").disabled = page === 0;
  at("later").disabled = page === last;
}

function search() {
  const wanted = at("search").value.toLowerCase();
  shown = wanted ? data.rows.filter(row => `${row[2]} ${row[3]} ${row[7] ?? ""}`.toLowerCase().includes(wanted)) : data.rows;
  page = 0;
  draw();
}

function show(picture) {
  at("pair-name").textContent = picture.name;
  at("pair-note").textContent = picture.note;
  at("before").src = picture.before;
  at("after").src = picture.after;
  link(at("before-link"), before(picture.origin, picture.path, picture.name));
  link(at("after-link"), after(picture.name));
  at("pair").showModal();
}

for (const frame of document.querySelectorAll("[data-sheet]"))
  for (const picture of data.sheets[frame.dataset.sheet].pictures) {
    const button = document.createElement("button"), image = document.createElement("img");
    image.src = picture.after;
    image.alt = picture.name;
    image.title = `${picture.name}: ${picture.note}`;
    image.loading = "lazy";
    button.append(image);
    button.addEventListener("click", () => show(picture));
    frame.append(button);
  }
for (const button of document.querySelectorAll("[data-search]"))
  button.addEventListener("click", () => {
    at("search").value = button.dataset.search;
    search();
    at("list").scrollIntoView();
  });
at("search").addEventListener("input", search);
at("earlier").addEventListener("click", () => { page -= 1; draw(); });
at("later").addEventListener("click", () => { page += 1; draw(); });
draw();
