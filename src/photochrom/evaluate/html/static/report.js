"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  // Tables: a click on a heading sorts, best first; a second click turns the order round. The truth stays on top.
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      head.querySelector("button").addEventListener("click", () => {
        const turned = head.ariaSort === "ascending" ? "descending" : "ascending";
        const order = head.hasAttribute("aria-sort") ? turned : head.dataset.first;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", order);
        const sign = order === "ascending" ? 1 : -1;
        const rows = [...table.tBodies[0].rows].filter((row) => !row.classList.contains("truth"));
        rows.sort((one, two) => {
          const [a, b] = [one, two].map((row) => row.cells[column].dataset.value);
          if (a === undefined || b === undefined) return (a === undefined) - (b === undefined);
          return sign * (column ? a - b : a.localeCompare(b));
        });
        table.tBodies[0].append(...rows);
      });
    });
  }
  for (const box of document.querySelectorAll(".all-figures")) {
    const table = document.getElementById(box.getAttribute("aria-controls"));
    if (!table.querySelector(".extra")) continue;
    box.closest("p").hidden = false;
    const show = () => table.classList.toggle("brief", !box.checked);
    box.addEventListener("change", show);
    show();
  }

  // One set at a time.
  const nav = document.querySelector("nav.sets");
  if (nav) {
    const buttons = [...nav.querySelectorAll("button")];
    const show = (chosen) => buttons.forEach((button) => {
      button.setAttribute("aria-pressed", button === chosen);
      document.getElementById(button.dataset.show).hidden = button !== chosen;
    });
    buttons.forEach((button) => button.addEventListener("click", () => show(button)));
    nav.hidden = false;
    show(buttons[0]);
  }

  const metrics = Object.fromEntries(data.metrics.map((metric) => [metric.key, metric]));
  const format = (key, value) => {
    if (value === undefined || value === null) return "–";
    const { decimals, unit } = metrics[key];
    return value.toFixed(decimals).replace("-", "−") + (unit ? " " + unit : "");
  };
  let controls = 0;
  const select = (label, options, chosen) => {
    const id = `control-${(controls += 1)}`;
    const list = make("select", { id }, ...options.map(([value, text]) => make("option", { value }, text)));
    list.value = chosen;
    return [list, make("div", { class: "control" }, make("label", { for: id }, label), list)];
  };

  // Three versions of a picture, one beside the other, with two borders that can be moved.
  const compare = (versions, sources, size) => {
    const places = [100 / 3, 200 / 3];
    const layers = [0, 1, 2].map(() => make("img", { alt: "" }));
    const tags = [0, 1, 2].map(() => make("span", { class: "tag" }));
    const handles = [0, 1].map(() => make("div", { class: "handle", role: "slider", tabindex: 0, "aria-valuemin": 0, "aria-valuemax": 100 }));
    const stage = make("div", { class: "stage" }, ...layers, ...tags, ...handles);
    let names = [];
    const draw = () => {
      const three = names[1] !== "";
      handles[0].hidden = layers[1].hidden = tags[1].hidden = !three;
      const from = [0, places[0], places[1]];
      const to = [three ? places[0] : places[1], places[1], 100];
      layers.forEach((layer, index) => {
        layer.style.clipPath = `inset(0 ${100 - to[index]}% 0 ${from[index]}%)`;
        tags[index].style.left = `calc(${from[index]}% + .4rem)`;
        tags[index].style.maxWidth = `calc(${Math.max(0, to[index] - from[index])}% - .8rem)`;
        tags[index].style.opacity = to[index] - from[index] < 8 ? 0 : 1;
      });
      handles.forEach((handle, index) => {
        handle.style.left = `${places[index]}%`;
        handle.setAttribute("aria-valuenow", Math.round(places[index]));
        const sides = index || three ? [names[index === 1 && !three ? 0 : index], names[index + 1]] : [];
        handle.setAttribute("aria-label", `Border between ${sides.join(" and ")}`);
      });
    };
    const move = (index, place) => {
      const [low, high] = index ? [names[1] === "" ? 0 : places[0], 100] : [0, places[1]];
      places[index] = Math.min(high, Math.max(low, place));
      draw();
    };
    handles.forEach((handle, index) => handle.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2, PageDown: -10, PageUp: 10, Home: -100, End: 100 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      move(index, places[index] + step);
    }));
    let dragged = null;
    const follow = (event) => {
      const box = stage.getBoundingClientRect();
      const place = 100 * (event.clientX - box.left) / box.width;
      const near = (index) => Math.abs(places[index] - place);
      dragged ??= names[1] === "" || near(1) < near(0) || (near(1) === near(0) && place > places[1]) ? 1 : 0;
      move(dragged, place);
    };
    stage.addEventListener("pointerdown", (event) => {
      dragged = handles.indexOf(event.target);
      if (dragged < 0) dragged = null;
      stage.setPointerCapture(event.pointerId);
      follow(event);
    });
    stage.addEventListener("pointermove", (event) => stage.hasPointerCapture(event.pointerId) && follow(event));
    stage.addEventListener("pointerup", () => { dragged = null; });
    stage.addEventListener("pointercancel", () => { dragged = null; });
    const show = (picture, chosen) => {
      names = chosen;
      const [width, height] = size(picture);
      stage.style.aspectRatio = `${width} / ${height}`;
      stage.style.width = `min(100%, ${Math.round(Math.min(3 * width, 75 * 16, 620 * width / height))}px)`;
      chosen.forEach((name, index) => {
        tags[index].textContent = versions[name] ?? name;
        if (name === "") return;
        layers[index].src = sources(picture, name);
        layers[index].alt = name;
      });
      draw();
    };
    return [stage, show];
  };

  const source = (picture, name) => name.startsWith("confidence: ") ? picture.confidence[name.slice(12)] : picture.images[name];

  const build = (box, set) => {
    const first = set.pictures[0];
    const names = set.methods.filter((name) => name in first.images);
    const sure = Object.keys(first.confidence).map((name) => `confidence: ${name}`);
    const versions = [...names, ...sure];
    const shown = data.metrics.filter(({ key }) => set.pictures.some(({ figures }) => names.some((name) => figures[name]?.[key] !== undefined && name !== "truth")));
    const own = set.own.filter((name) => names.includes(name));
    const start = shown.some(({ key }) => key === set.order) ? set.order : shown[0]?.key;

    const [method, methodLabel] = select("Colours of", names.map((name) => [name, name]), own[0] ?? names[1] ?? names[0]);
    const [metric, metricLabel] = select("Ordered by", shown.map(({ key, title }) => [key, title]), start);
    const [order, orderLabel] = select("Order", [["worst", "worst first"], ["best", "best first"]], "worst");
    const ranks = shown.length ? [metricLabel, orderLabel] : [];
    const options = versions.map((name) => [name, name]);
    const sides = [
      select("Left", options, names[0]),
      select("Middle", [["", "(none)"], ...options], own[0] ?? names.at(-1)),
      select("Right", options, own[1] ?? (names.includes("grey") ? "grey" : names[1] ?? names[0])),
    ];
    const [stage, show] = compare({ "": "" }, source, (picture) => picture.size);
    const title = make("div", { class: "title", "aria-live": "polite" });
    const strip = make("div", { class: "strip" });
    const thumbs = make("ol", { class: "thumbs", "aria-label": "Pictures" });
    const viewer = make("div", { class: "viewer", role: "group", "aria-label": "Comparison" }, title, make("div", { class: "controls" }, ...sides.map(([, label]) => label)), stage, strip);
    const note = `The worst and the best pictures of each method by ${metrics[set.order]?.title ?? set.order}, and some drawn at random: ${set.pictures.length} in all. ` +
      `JPEG copies of at most ${set.side} pixels a side.` + (sure.length ? " Confidence: dark blue is none, yellow is full." : "") + (set.left_out ? ` ${set.left_out} more did not fit.` : "");
    box.append(make("p", { class: "note" }, note), viewer, make("div", { class: "controls" }, methodLabel, ...ranks), thumbs);

    // How bad a picture is: the larger the worse.
    const badness = (picture) => {
      const key = metric.value;
      const value = picture.figures[method.value]?.[key];
      if (value === undefined || value === null) return -Infinity;
      const { direction } = metrics[key];
      if (direction === "truth") return Math.abs(value - (picture.figures.truth?.[key] ?? 0));
      return direction === "higher" ? -value : value;
    };
    let current = null;
    const display = () => {
      title.replaceChildren(make("strong", {}, current.name), make("span", {}, current.why.join(", ")));
      show(current, sides.map(([list]) => list.value));
      strip.replaceChildren(...versions.map((name) => {
        const value = shown.length && metric.value in metrics ? current.figures[name]?.[metric.value] : undefined;
        const caption = make("figcaption", {}, name);
        if (value !== undefined) caption.append(make("br"), `${metrics[metric.value].title} ${format(metric.value, value)}`);
        return make("figure", {}, make("img", { src: source(current, name), alt: name, width: current.size[0], height: current.size[1] }), caption);
      }));
      [...thumbs.querySelectorAll("button")].forEach((button) => button.setAttribute("aria-pressed", button.picture === current));
    };
    const list = () => {
      const sign = order.value === "worst" ? -1 : 1;
      const sorted = [...set.pictures].sort((one, two) => {
        const [a, b] = [badness(one), badness(two)];
        return a === b ? 0 : sign * (a - b);
      });
      thumbs.replaceChildren(...sorted.map((picture) => {
        const value = picture.figures[method.value]?.[metric.value];
        const text = shown.length ? format(metric.value, value) : "";
        const button = make("button", { type: "button" }, make("img", { src: source(picture, method.value), alt: picture.name, loading: "lazy" }), make("span", {}, text));
        button.picture = picture;
        button.addEventListener("click", () => {
          current = picture;
          display();
          viewer.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
        });
        return make("li", {}, button);
      }));
      current ??= sorted[0];
      display();
    };
    [method, metric, order].forEach((control) => control.addEventListener("change", list));
    sides.forEach(([control]) => control.addEventListener("change", display));
    list();
  };
  for (const box of document.querySelectorAll(".gallery")) build(box, data.sets[Number(box.dataset.set)]);
})();
