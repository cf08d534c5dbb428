// What a change redraws, and how the page begins.

let scratch = null; // the memory of the canvas
let waiting = false;

/** Draw when the browser is ready for it, however often the window changes until then. */
function later() {
  if (!waiting) requestAnimationFrame(() => { waiting = false; redraw(); });
  waiting = true;
}

function redraw() {
  const window = reduced(state, fact.scale), F = banks(window, image);
  const patch = toLevels(read(image, window, F));
  paint($("patch"), patch);
  const canvas = restore(patch, window, image, F, scratch);
  scratch = canvas.data;
  paint($("canvas"), canvas);
  F.forEach((bank, axis) => drawBank(bank, AXES[axis]));
  drawOverlay();
  showControls();
  showRow();
  showTexts();
  globalThis.drawn = (globalThis.drawn ?? 0) + 1; // for who waits for a change to show
}

/** The levels of a picture, one channel where it is grey. */
function levels(picture, grey) {
  const [rows, cols] = [picture.naturalHeight, picture.naturalWidth], channels = grey ? 1 : 3;
  const canvas = Object.assign(document.createElement("canvas"), {width: cols, height: rows});
  const pen = canvas.getContext("2d", {willReadFrequently: true, colorSpace: "srgb"});
  pen.drawImage(picture, 0, 0);
  const pixels = pen.getImageData(0, 0, cols, rows).data, data = new Float32Array(rows * cols * channels);
  for (let i = 0, at = 0; i < pixels.length; i += 4) for (let b = 0; b < channels; b++) data[at++] = pixels[i + b];
  return {rows, cols, channels, data};
}

function begin(next) {
  state = next;
  $("apart").checked = given.table !== null || [state.delta, state.sigma, state.n].some(([a, b]) => a !== b);
  refused.clear();
  later();
}

function bind() {
  const stage = $("stage");
  for (const [name, listener] of Object.entries({
    pointerdown: grab, pointermove: drag, pointerup: release, pointercancel: giveUp, keydown: stageKey,
  })) stage.addEventListener(name, listener);
  stage.addEventListener("wheel", wheel, {passive: false});
  Object.entries(FIELDS).forEach(makeRow);
  BOX_FIELDS.forEach(makeBoxField);
  Object.entries(TEXTS).forEach(makeText);
  $("kernel").addEventListener("change", (event) => change({kernel: event.target.value}));
  $("edge").addEventListener("change", (event) => change({edge: event.target.value}));
  $("follow").addEventListener("change", (event) => change({follow: event.target.checked}));
  $("apart").addEventListener("change", () => {
    const [{delta, sigma, n}, one] = [state, (both) => apart() ? both : [both[0], both[0]]];
    change({delta: one(delta), sigma: one(sigma), n: one(n)});
  });
  $("aspect").addEventListener("change", () => {
    const {x, y, w, h} = xywh(), ratio = aspect(), wide = sqrt(w * h * ratio), tall = wide / ratio; // as large as before
    if (ratio) setBox({x: x + (w - wide) / 2, y: y + (h - tall) / 2, w: wide, h: tall});
  });
  $("controls").addEventListener("submit", (event) => event.preventDefault());
  $("reset").addEventListener("click", () => begin(stateOf(given.rows[row])));
  $("undo").addEventListener("click", () => travel(-1));
  $("redo").addEventListener("click", () => travel(1));
  $("save").addEventListener("click", save);
  bindTable();
  addEventListener("popstate", arrived);
  addEventListener("keydown", historyKey);
  addEventListener("resize", () => { layOut(); later(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", later);
}

async function start() {
  makeBanks();
  await goTo(rowOf(location.hash), location.hash);
  bind();
  place = history.state?.place ?? 0;
  note("replaceState");
}

start();
