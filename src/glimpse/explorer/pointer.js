// Pointers, wheel and keys on the stage.

const pointers = new Map(); // where each finger is
let grip = null; // what is being dragged

const at = (event) => {
  const {left, top} = $("stage").getBoundingClientRect();
  return {x: event.clientX - left, y: event.clientY - top};
};

/** Which edges a pointer is on: [of rows, of columns]; within the box no more than a quarter of it is edge. */
function edgesAt({x, y}, touch) {
  const b = box(state), reach = touch ? 20 : 8;
  const near = (p, low, high) => {
    const inner = min(reach, (high - low) / 4);
    return (p > low - reach && p < low + inner) || (p > high - inner && p < high + reach);
  };
  const [top, bottom] = [b.top, b.bottom].map((e) => toY(e - 0.5)), [left, right] = [b.left, b.right].map((e) => toX(e - 0.5));
  const beside = y > top - reach && y < bottom + reach && x > left - reach && x < right + reach;
  return {rows: beside && near(y, top, bottom), cols: beside && near(x, left, right),
    inside: x > left && x < right && y > top && y < bottom};
}

function grab(event) {
  if (event.button) return;
  event.preventDefault();
  $("stage").focus({preventScroll: true});
  $("stage").setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, at(event));
  if (pointers.size > 1) return startPinch();
  const point = at(event), edges = edgesAt(point, event.pointerType === "touch");
  grip = {...edges, dx: 0, dy: 0, edge: edges.rows || edges.cols};
  if (edges.inside && !grip.edge) Object.assign(grip, {dx: toX(state.gy) - point.x, dy: toY(state.gx) - point.y});
  if (!grip.edge) moveTo(point);
}

function drag(event) {
  if (!pointers.has(event.pointerId)) return showCursor(event);
  pointers.set(event.pointerId, at(event));
  if (pointers.size > 1) pinch();
  else if (grip?.edge) resize(at(event));
  else if (grip) moveTo(at(event));
}

function release(event) {
  pointers.delete(event.pointerId);
  grip = null;
}

/** As many decimals as the picture is enlarged to show. */
const decimals = () => view.scale >= 10 ? 2 : view.scale >= 0.75 ? 1 : 0;

function moveTo({x, y}) {
  change({gx: fixed(toRow(y + grip.dy), decimals()), gy: fixed(toCol(x + grip.dx), decimals())});
}

/** The edge follows the pointer, the centre stays. */
function resize({x, y}) {
  const {gx, gy, n} = state, wanted = [2 * abs(toRow(y) - gx) / n[0], 2 * abs(toCol(x) - gy) / n[1]];
  const held = [grip.rows, grip.cols], one = max(...wanted.filter((_, axis) => held[axis]));
  stretch([0, 1].map((axis) => !apart() ? one : held[axis] ? wanted[axis] : state.delta[axis]));
}

const stretch = (delta, more = {}) => change({delta: delta.map((stride) => clamp(rounded(stride, 4), 1e-3, 1e6)), ...more});

function startPinch() {
  const [a, b] = [...pointers.values()];
  grip = {a, b, start: state, distance: max(20, Math.hypot(a.x - b.x, a.y - b.y))};
}

function pinch() {
  const [a, b] = [...pointers.values()], {start, distance} = grip, factor = Math.hypot(a.x - b.x, a.y - b.y) / distance;
  const moved = [a.y + b.y - grip.a.y - grip.b.y, a.x + b.x - grip.a.x - grip.b.x].map((d) => d / 2 / view.scale);
  stretch(start.delta.map((stride) => stride * max(factor, 0.02)),
    {gx: fixed(start.gx + moved[0], decimals()), gy: fixed(start.gy + moved[1], decimals())});
}

function showCursor(event) {
  const {rows, cols, inside} = edgesAt(at(event), false);
  const edge = rows && cols ? "nwse-resize" : rows ? "ns-resize" : "ew-resize";
  $("stage").style.cursor = rows || cols ? edge : inside ? "move" : "crosshair";
}

function wheel(event) {
  event.preventDefault();
  const lines = event.deltaY * [1, 16, 400][event.deltaMode];
  stretch(state.delta.map((stride) => stride * Math.exp(clamp(lines, -400, 400) / 1000)));
}

const ARROWS = {ArrowUp: ["gx", -1], ArrowDown: ["gx", 1], ArrowLeft: ["gy", -1], ArrowRight: ["gy", 1]};
const ZOOMS = {"+": 1, "=": 1, "-": -1, "_": -1};

function stageKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const [field, steps] = ARROWS[event.key] ?? [null, ZOOMS[event.key]];
  if (!steps) return;
  event.preventDefault();
  if (field) return step(field, steps, event.shiftKey);
  const delta = state.delta.map((stride) => rounded(stride + steps * 0.1, 12));
  if (min(...delta) > 0) change({delta});
}
