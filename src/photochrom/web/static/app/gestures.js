/**
 * Pointers on the stage: one finger or button works the tool, or moves the picture; two fingers zoom and move; the
 * wheel zooms. A press that hardly moves is a click.
 *
 * @typedef {{down?: (place: Object) => boolean, move?: (place: Object) => void, up?: (place: Object) => void,
 *     cancel?: () => void, click?: (place: Object) => void}} Tool
 *     down returns whether the tool takes the drag; places are {sx, sy} on the screen and {x, y} in the picture
 */

const SLACK = 5;
/** What stands on the stage and takes its pointers itself. */
const OWN = "button, [role=slider], .bar, .picker";

/** @param {import("./view.js").View} view @param {() => Tool} tool */
export function startGestures(view, tool) {
  const { stage } = view;
  const fingers = new Map();
  let mode = "none";
  let start = null;

  const place = (event) => {
    const box = stage.getBoundingClientRect();
    const [sx, sy] = [event.clientX - box.left, event.clientY - box.top];
    return { sx, sy, ...view.toPicture(sx, sy) };
  };
  const middle = () => {
    const [a, b] = [...fingers.values()];
    return { sx: (a.sx + b.sx) / 2, sy: (a.sy + b.sy) / 2, apart: Math.hypot(a.sx - b.sx, a.sy - b.sy) };
  };

  stage.addEventListener("pointerdown", (event) => {
    if (!view.size || event.target.closest(OWN) || (event.button > 1 && event.pointerType === "mouse")) return;
    stage.setPointerCapture(event.pointerId);
    const here = place(event);
    fingers.set(event.pointerId, here);
    if (fingers.size === 2) {
      if (mode === "tool") tool().cancel?.();
      mode = "pinch";
      start = middle();
    } else if (fingers.size === 1) {
      start = here;
      mode = event.button !== 1 && !stage.classList.contains("moving") && tool().down?.(here) ? "tool" : "press";
    }
  });

  stage.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    const before = fingers.get(event.pointerId);
    const here = place(event);
    fingers.set(event.pointerId, here);
    if (mode === "press" && Math.hypot(here.sx - start.sx, here.sy - start.sy) > SLACK) {
      mode = "pan";
      stage.classList.add("panning");
    }
    if (mode === "tool") tool().move?.(here);
    else if (mode === "pan") view.panBy(here.sx - before.sx, here.sy - before.sy);
    else if (mode === "pinch") {
      const now = middle();
      view.panBy(now.sx - start.sx, now.sy - start.sy);
      view.zoomAt(now.apart / Math.max(1, start.apart), now.sx, now.sy);
      start = now;
    }
  });

  const end = (event) => {
    if (!fingers.has(event.pointerId)) return;
    const here = place(event);
    const dropped = event.type === "pointercancel";
    fingers.delete(event.pointerId);
    if (mode === "tool") tool()[dropped ? "cancel" : "up"]?.(here);
    else if (mode === "press" && !dropped && event.button === 0) tool().click?.(here);
    // One finger stays after two: it goes on to nothing, so that lifting a hand places no hint.
    mode = fingers.size ? "rest" : "none";
    stage.classList.remove("panning");
  };
  stage.addEventListener("pointerup", end);
  stage.addEventListener("pointercancel", end);
  // Browsers send a click after a touch: it must not press what has just opened below the finger.
  stage.addEventListener("touchend", (event) => event.cancelable && !event.target.closest(OWN) && event.preventDefault());

  stage.addEventListener("wheel", (event) => {
    if (!view.size || event.target.closest(".picker, .bar")) return;
    event.preventDefault();
    const { sx, sy } = place(event);
    const lines = event.deltaMode === 1 ? 16 : 1;
    view.zoomAt(Math.exp(-Math.max(-120, Math.min(120, event.deltaY * lines)) * 0.0022), sx, sy);
  }, { passive: false });
}
