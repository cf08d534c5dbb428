// Pointers, wheel and keys on the stage.

const pointers = new Map(); // where each finger is
let grip = null; // what is being dragged: {way: "edge", "move", "draw" or "pinch", ...}

const at = (event) => {
  const {left, top} = $("stage").getBoundingClientRect();
  return {x: event.clientX - left, y: event.clientY - top};
};

/** Which edges a pointer is on, -1 top or left, 1 bottom or right; within the box no more than a quarter of it is edge. */
function edgesAt({x, y}, touch) {
  const b = box(state), reach = touch ? 20 : 8;
  const near = (p, low, high) => {
    const inner = min(reach, (high - low) / 4);
    return p > low - reach && p < low + inner ? -1 : p > high - inner && p < high + reach ? 1 : 0;
  };
  const [top, bottom] = [b.top, b.bottom].map((e) => toY(e - 0.5)), [left, right] = [b.left, b.right].map((e) => toX(e - 0.5));
  const beside = y > top - reach && y < bottom + reach && x > left - reach && x < right + reach;
  return {rows: beside ? near(y, top, bottom) : 0, cols: beside ? near(x, left, right) : 0,
    inside: x > left && x < right && y > top && y < bottom};
}

function grab(event) {
  if (event.button) return;
  if (event.pointerType === "mouse") event.preventDefault(); // no selection; a finger may still scroll the page
  $("stage").focus({preventScroll: true});
  $("stage").setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, at(event));
  if (pointers.size > 1) return startPinch();
  const point = at(event), {rows, cols, inside} = edgesAt(point, event.pointerType === "touch");
  grip = {way: rows || cols ? "edge" : inside ? "move" : "draw", rows, cols, point, start: state, box: xywh(), apart: apart(),
    dx: toX(state.gy) - point.x, dy: toY(state.gx) - point.y};
}

function drag(event) {
  if (!pointers.has(event.pointerId)) return showCursor(event);
  const point = at(event);
  pointers.set(event.pointerId, point);
  if (grip?.way === "pinch") return pinch();
  if (!grip || (grip.way === "draw" && !grip.moved && Math.hypot(point.x - grip.point.x, point.y - grip.point.y) < 3)) return;
  grip.moved = true;
  if (grip.way === "move") moveTo({x: point.x + grip.dx, y: point.y + grip.dy});
  else if (grip.way === "draw") draw(point, event.shiftKey ? 1 : aspect());
  else resize(point, event.shiftKey ? 1 : aspect());
}

/** A choice is made; a click beside the window brings the window there, or turns to the row whose box it hits. */
function release(event) {
  pointers.delete(event.pointerId);
  if (pointers.size) return;
  const {way, moved, point} = grip ?? {};
  grip = null;
  if (way === "draw" && !moved) {
    const other = rowAt(point);
    if (other !== null) return turnTo(other);
    moveTo(point);
  }
  keep();
}

/** The browser has taken the finger for a scroll. */
function giveUp(event) {
  pointers.delete(event.pointerId);
  if (grip?.moved) begin(grip.start);
  grip = null;
}

/** As many decimals as the picture is enlarged to show. */
const decimals = () => view.scale >= 10 ? 2 : view.scale >= 0.75 ? 1 : 0;

function moveTo({x, y}) {
  change({gx: fixed(toRow(y), decimals()), gy: fixed(toCol(x), decimals())});
}

/** A place of the stage as the box's edges are counted: 0 is the image's left or top edge. */
const edgeX = (x) => fixed(toCol(x) + 0.5, decimals()), edgeY = (y) => fixed(toRow(y) + 0.5, decimals());

/** A box from where the pointer went down to where it is. */
function draw({x, y}, ratio) {
  const [left, top, right, bottom] = [edgeX(grip.point.x), edgeY(grip.point.y), edgeX(x), edgeY(y)];
  let w = abs(right - left), h = abs(bottom - top);
  if (ratio) [w, h] = [max(w, h * ratio), max(w, h * ratio) / ratio];
  if (w && h) setBox({x: right < left ? left - w : left, y: bottom < top ? top - h : top, w, h});
}

/** The edge follows the pointer. Where all strides are one the centre stays, else the edge across from it. */
function resize({x, y}, ratio) {
  const {rows, cols, start, box: b} = grip;
  if (!grip.apart && !ratio) {
    const wanted = [rows && 2 * abs(toRow(y) - start.gx) / start.n[0], cols && 2 * abs(toCol(x) - start.gy) / start.n[1]];
    return stretch([max(...wanted), max(...wanted)]);
  }
  let w = cols ? abs(edgeX(x) - (cols < 0 ? b.x + b.w : b.x)) : b.w, h = rows ? abs(edgeY(y) - (rows < 0 ? b.y + b.h : b.y)) : b.h;
  if (ratio) w = rows && cols ? max(w, h * ratio) : rows ? h * ratio : w;
  if (ratio) h = w / ratio;
  if (w && h) setBox({x: b.x + (cols < 0 ? b.w - w : cols ? 0 : (b.w - w) / 2), y: b.y + (rows < 0 ? b.h - h : rows ? 0 : (b.h - h) / 2), w, h});
}

const stretch = (delta, more = {}) => change({delta: delta.map((stride) => clamp(rounded(stride, 4), 1e-3, 1e6)), ...more});

function startPinch() {
  if (grip?.moved) begin(grip.start); // the first finger was not meant alone
  const [a, b] = [...pointers.values()];
  grip = {way: "pinch", moved: true, a, b, start: state, distance: max(20, Math.hypot(a.x - b.x, a.y - b.y))};
}

function pinch() {
  if (pointers.size < 2) return; // one finger is still down: the pinch is over
  const [a, b] = [...pointers.values()], {start, distance} = grip, factor = Math.hypot(a.x - b.x, a.y - b.y) / distance;
  const moved = [a.y + b.y - grip.a.y - grip.b.y, a.x + b.x - grip.a.x - grip.b.x].map((d) => d / 2 / view.scale);
  stretch(start.delta.map((stride) => stride * max(factor, 0.02)),
    {gx: fixed(start.gx + moved[0], decimals()), gy: fixed(start.gy + moved[1], decimals())});
}

function showCursor(event) {
  const {rows, cols, inside} = edgesAt(at(event), false);
  const edge = rows && cols ? (rows === cols ? "nwse-resize" : "nesw-resize") : rows ? "ns-resize" : "ew-resize";
  $("stage").style.cursor = rows || cols ? edge : inside ? "move" : "crosshair";
}

/** With Ctrl, as a pinch on a touchpad comes, the wheel is of the window; else it scrolls the page. */
function wheel(event) {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  const lines = event.deltaY * [1, 16, 400][event.deltaMode];
  stretch(state.delta.map((stride) => stride * Math.exp(clamp(lines, -400, 400) / 1000)));
}

const ARROWS = {ArrowUp: ["gx", -1], ArrowDown: ["gx", 1], ArrowLeft: ["gy", -1], ArrowRight: ["gy", 1]};
const ZOOMS = {"+": 1, "=": 1, "-": -1, "_": -1};

function stageKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "PageUp" || event.key === "PageDown") {
    if (!given.table) return;
    event.preventDefault();
    return turnTo(wanted + (event.key === "PageUp" ? -1 : 1));
  }
  const [field, steps] = ARROWS[event.key] ?? [null, ZOOMS[event.key]];
  if (!steps) return;
  event.preventDefault();
  if (field) return step(field, steps, event.shiftKey);
  const delta = state.delta.map((stride) => rounded(stride + steps * 0.1, 12));
  if (min(...delta) > 0) change({delta});
}
