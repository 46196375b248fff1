// One participant's way through a study. The server chooses what comes next; a vote counts when it has acknowledged it.

const SIDES = ["left", "right"];
const KEYS = { ArrowLeft: "left", ArrowUp: "left", 1: "left", ArrowRight: "right", ArrowDown: "right", 2: "right" };
const RETRY_MS = 1000, FEEDBACK_MS = 1200;
const BLANK = 0.4; // before each picture of a Turing test, as a share of the time that it is seen
const TEXT = {
  preference: {
    task: "You will see two colourings of the same photograph. Choose the one that looks more natural to you.",
    question: "Which one looks more natural?",
  },
  turing: {
    task: "You will see the same photograph twice, one after the other and only for a moment. One has its real colours, " +
      "the other was coloured by a computer. Choose the one that was coloured by a computer.",
    question: "Which one was coloured by a computer?",
  },
};

const element = (id) => document.getElementById(id);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let choose = null; // takes a side while an answer is awaited
let pictures = new Map(); // position -> promise of both pictures, decoded

function show(section) {
  for (const id of ["consent", "ready", "trial", "done"]) element(id).hidden = id !== section;
}

function say(text) {
  element("status").textContent = text;
}

// Asks the server until it answers: what a participant did is not lost while the server is away.
async function ask(path, body) {
  for (;;) {
    try {
      const options = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
      const response = await fetch(path, options);
      if (response.ok) {
        say("");
        return await response.json();
      }
      if (response.status < 500) {
        location.reload(); // another window of this participant went on, or the study is another one
        return await new Promise(() => {});
      }
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    say("The server does not answer. Your answers so far are kept; trying again …");
    await wait(RETRY_MS);
  }
}

async function load(position, side) {
  for (;;) {
    const image = new Image();
    image.alt = "";
    image.draggable = false;
    image.src = `api/picture/${position}/${side}`;
    try {
      await image.decode();
      return image;
    } catch {
      const { position: now = -1 } = await ask("api/state");
      if (position < now || position > now + 1) return image; // no longer in turn
      await wait(RETRY_MS);
    }
  }
}

function pair(position) {
  if (!pictures.has(position)) pictures.set(position, Promise.all(SIDES.map((side) => load(position, side))));
  return pictures.get(position);
}

function put(side, ...content) {
  element(side).replaceChildren(...content);
}

// Both sides blank: a number, for the keyboard, stands where each picture was.
function cover() {
  put("left", "1");
  put("right", "2");
}

async function visible() {
  while (document.hidden) await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
}

async function flash(state, images) {
  const order = state.first === "left" ? [0, 1] : [1, 0];
  for (const i of order) {
    put(SIDES[i]);
    await wait(state.seconds * 1000 * BLANK);
    await visible();
    put(SIDES[i], images[i]);
    await new Promise(requestAnimationFrame);
    await wait(state.seconds * 1000);
    put(SIDES[i]);
  }
  cover();
}

async function answer() {
  const since = performance.now();
  for (const side of SIDES) element(side).disabled = false;
  const choice = await new Promise((resolve) => { choose = resolve; });
  choose = null;
  for (const side of SIDES) element(side).disabled = true;
  element(choice).classList.add("chosen");
  return { choice, milliseconds: Math.min(Math.round(performance.now() - since), 2 ** 31 - 1) };
}

async function trial(state) {
  for (const side of SIDES) {
    element(side).disabled = true;
    element(side).classList.remove("chosen");
    put(side);
  }
  element("progress").textContent = `${state.practice ? "Practice" : "Pair"} ${state.number} of ${state.of}`;
  element("question").textContent = state.kind === "turing" ? "" : TEXT.preference.question;
  show("trial");
  const images = await pair(state.position);
  pictures = new Map([...pictures].filter(([position]) => position >= state.position));
  if (state.more) pair(state.position + 1);
  if (state.kind === "turing") {
    await flash(state, images);
    element("question").textContent = TEXT.turing.question;
  } else {
    SIDES.forEach((side, i) => put(side, images[i]));
  }
  const { choice, milliseconds } = await answer();
  const next = await ask("api/vote", { position: state.position, choice, milliseconds });
  if (next.answer) {
    const side = next.answer === "left" ? "left or upper" : "right or lower";
    say(next.answer === choice ? "Right." : `No, it was the ${side} one.`);
    await wait(FEEDBACK_MS);
    say("");
  }
  return next;
}

// Each visit begins with a press, so that no pair passes unseen.
async function begin(state) {
  element("task").textContent = TEXT[state.kind].task;
  element("keys").textContent = "Tap or click a picture, or use the arrow keys or 1 and 2." +
    (state.practice && state.number === 1 ? ` The first ${state.of} are for practice.` : "");
  show("ready");
  element("go").focus();
  await pressed("go");
}

const pressed = (id) => new Promise((resolve) => element(id).addEventListener("click", resolve, { once: true }));

async function main() {
  for (const side of SIDES) element(side).addEventListener("click", () => choose?.(side));
  document.addEventListener("keydown", (event) => {
    const side = KEYS[event.key];
    if (!side || !choose || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    choose(side);
  });
  let state = await ask("api/state");
  document.title = element("title").textContent = state.title;
  if (state.stage === "consent") {
    element("consent-text").replaceChildren(...state.consent.split(/\n\s*\n/).map((text) => {
      const paragraph = document.createElement("p");
      paragraph.textContent = text.trim();
      return paragraph;
    }));
    show("consent");
    await pressed("agree");
    state = await ask("api/start", { consent: true });
  }
  if (state.stage === "trial") await begin(state);
  let practice = state.practice;
  while (state.stage === "trial") {
    if (practice && !state.practice) {
      element("task").textContent = "Practice is over. Now it counts.";
      element("keys").textContent = `${state.of} pairs.`;
      show("ready");
      element("go").focus();
      await pressed("go");
    }
    practice = state.practice;
    state = await trial(state);
  }
  show("done");
}

main();
