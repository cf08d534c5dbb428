// What a change redraws, and how the page begins.

let scratch = null; // the memory of the canvas
let waiting = false, saving = 0;

/** Draw when the browser is ready for it, however often the window changes until then. */
function later() {
  if (!waiting) requestAnimationFrame(() => { waiting = false; redraw(); });
  waiting = true;
}

function redraw() {
  const window = reduced(state, given.scale), F = banks(window, image);
  const patch = toLevels(read(image, window, F));
  paint($("patch"), patch);
  const canvas = restore(patch, window, image, F, scratch);
  scratch = canvas.data;
  paint($("canvas"), canvas);
  F.forEach((bank, axis) => drawBank(bank, AXES[axis]));
  drawOverlay();
  showControls();
  showTexts();
  globalThis.drawn = (globalThis.drawn ?? 0) + 1; // for who waits for a change to show
}

/** The levels of the picture, one channel where it is grey. */
function levels(picture) {
  const [rows, cols] = [picture.naturalHeight, picture.naturalWidth], channels = given.grey ? 1 : 3;
  const canvas = Object.assign(document.createElement("canvas"), {width: cols, height: rows});
  const pen = canvas.getContext("2d", {willReadFrequently: true, colorSpace: "srgb"});
  pen.drawImage(picture, 0, 0);
  const pixels = pen.getImageData(0, 0, cols, rows).data, data = new Float32Array(rows * cols * channels);
  for (let i = 0, at = 0; i < pixels.length; i += 4) for (let b = 0; b < channels; b++) data[at++] = pixels[i + b];
  return {rows, cols, channels, data};
}

function begin(next) {
  state = next;
  $("apart").checked = [state.delta, state.sigma, state.n].some(([a, b]) => a !== b);
  say("");
  later();
}

function bind() {
  const stage = $("stage");
  for (const [name, listener] of Object.entries({
    pointerdown: grab, pointermove: drag, pointerup: release, pointercancel: release, keydown: stageKey,
  })) stage.addEventListener(name, listener);
  stage.addEventListener("wheel", wheel, {passive: false});
  Object.entries(FIELDS).forEach(makeRow);
  Object.entries(TEXTS).forEach(makeText);
  $("kernel").addEventListener("change", (event) => change({kernel: event.target.value}));
  $("edge").addEventListener("change", (event) => change({edge: event.target.value}));
  $("follow").addEventListener("change", (event) => change({follow: event.target.checked}));
  $("apart").addEventListener("change", () => {
    const [{delta, sigma, n}, one] = [state, (both) => apart() ? both : [both[0], both[0]]];
    change({delta: one(delta), sigma: one(sigma), n: one(n)});
  });
  $("controls").addEventListener("submit", (event) => event.preventDefault());
  $("reset").addEventListener("click", () => begin(stateOf(given.record)));
  $("save").addEventListener("click", save);
  addEventListener("hashchange", () => { if (location.hash !== fragment()) begin(fromFragment(location.hash)); });
  addEventListener("resize", () => { layOut(); later(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", later);
}

async function start() {
  await $("picture").decode();
  image = levels($("picture"));
  $("size").textContent = `${ROWS} rows x ${COLS} columns`;
  for (const note of given.notes) $("notes").append(Object.assign(document.createElement("li"), {textContent: note}));
  makeBanks();
  bind();
  layOut();
  begin(fromFragment(location.hash));
}

start();
