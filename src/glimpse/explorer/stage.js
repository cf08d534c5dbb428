// The image with the window on it.

const view = {scale: 1, left: 0, top: 0, width: 0, height: 0};
const toX = (col) => view.left + (col + 0.5) * view.scale, toY = (row) => view.top + (row + 0.5) * view.scale;
const toCol = (x) => (x - view.left) / view.scale - 0.5, toRow = (y) => (y - view.top) / view.scale - 0.5;

/** Fit the image, with a margin to see the window beyond it, into its place. */
function layOut() {
  const room = $("stage").parentElement, margin = 0.06 * max(ROWS, COLS), style = getComputedStyle(room);
  const most = room.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  const tall = clamp(innerHeight * 0.72, 240, 620);
  view.scale = min(most / (COLS + 2 * margin), tall / (ROWS + 2 * margin), 160);
  view.width = min(most, max(120, (COLS + 2 * margin) * view.scale));
  view.height = max(60, (ROWS + 2 * margin) * view.scale);
  [view.left, view.top] = [(view.width - COLS * view.scale) / 2, (view.height - ROWS * view.scale) / 2];
  put($("stage"), {width: view.width, height: view.height});
  put($("picture"), {left: view.left, top: view.top, width: COLS * view.scale, height: ROWS * view.scale});
  $("picture").className = $("canvas").className = view.scale * fact.scale >= 2 ? "large pixels" : "";
  put($("canvas"), {width: COLS * view.scale, height: ROWS * view.scale});
}

function put(element, lengths) {
  for (const [name, length] of Object.entries(lengths)) element.style[name] = `${length}px`;
}

function drawOverlay() {
  const [pen] = sharp($("overlay"));
  for (const [, other] of neighbours()) drawBox(pen, other, COLOURS.ink, 1);
  drawFilters(pen);
  const {x, y, w, h} = drawBox(pen, box(state), COLOURS.box, 2);
  put($("hold"), {left: x - 20, top: y - 20, width: w + 40, height: h + 40});
  drawArrows(pen);
}

/** Draw the frame of a box; return where it is on the stage. */
function drawBox(pen, {top, bottom, left, right}, colour, line) {
  const [x, y] = [toX(left - 0.5), toY(top - 0.5)].map((p) => clamp(p, -9, 9999));
  const [w, h] = [clamp(toX(right - 0.5), -9, 9999) - x, clamp(toY(bottom - 0.5), -9, 9999) - y];
  for (const [ink, width] of [[COLOURS.shade, line + 2], [colour, line]]) {
    Object.assign(pen, {strokeStyle: ink, lineWidth: width});
    pen.strokeRect(x, y, w, h);
  }
  return {x, y, w, h};
}

/** Centres where they have room, circles of radius sigma where those have. */
function drawFilters(pen) {
  const {gx, gy, delta, sigma, n} = state, places = [gx, gy], limits = [view.height, view.width];
  const centres = [0, 1].map((axis) => {
    const gap = delta[axis] * view.scale, to = axis ? toX : toY, all = [];
    const first = floor((n[axis] - 1) / 2 - (places[axis] * view.scale + (axis ? view.left : view.top)) / gap) - 2;
    const last = min(n[axis], first + ceil(limits[axis] / gap) + 6);
    const every = ceil(max(7, 2 * sigma[axis] * view.scale * 0.98) / gap);
    for (let i = max(0, first); i < last && all.length < 4000; i++) {
      all.push([to(center(i, n[axis], places[axis], delta[axis])), (i - ((n[axis] - 1) >> 1)) % every === 0]);
    }
    return all;
  });
  const [ry, rx] = sigma.map((width) => width * view.scale);
  Object.assign(pen, {strokeStyle: COLOURS.box, fillStyle: COLOURS.box, lineWidth: 1});
  const gap = min(...delta) * view.scale;
  pen.globalAlpha = clamp(gap / 25, 0.3, 0.6); // the denser, the less they are to veil the image
  if (gap >= 4) {
    for (const [y] of centres[0]) for (const [x] of centres[1]) pen.fillRect(x - 0.75, y - 0.75, 1.5, 1.5);
  }
  pen.beginPath();
  for (const [y, round] of centres[0]) {
    if (!round) continue;
    for (const [x, too] of centres[1]) {
      if (!too) continue;
      pen.moveTo(x + rx, y);
      pen.ellipse(x, y, rx, ry, 0, 0, 2 * Math.PI);
    }
  }
  pen.stroke();
  pen.globalAlpha = 1;
}

/** gx from the top edge of the image down to the centre, gy from its left edge across to it. */
function drawArrows(pen) {
  const x = clamp(toX(state.gy), 0, view.width), y = clamp(toY(state.gx), 0, view.height);
  arrow(pen, x, view.top, x, y, COLOURS.row);
  arrow(pen, view.left, y, x, y, COLOURS.col);
  Object.assign(pen, {font: "600 15px system-ui, sans-serif", lineWidth: 3, strokeStyle: COLOURS.shade, lineJoin: "round"});
  word(pen, "gx", x < view.width - 32 ? x + 7 : x - 25, (view.top + y) / 2 + 5, COLOURS.row);
  word(pen, "gy", (view.left + x) / 2 - 8, y > 24 ? y - 8 : y + 20, COLOURS.col);
  pen.beginPath();
  pen.arc(x, y, 4, 0, 2 * Math.PI);
  Object.assign(pen, {fillStyle: COLOURS.ink, lineWidth: 1});
  pen.fill();
  pen.stroke();
}

function word(pen, text, x, y, colour) {
  pen.fillStyle = colour;
  pen.strokeText(text, x, y);
  pen.fillText(text, x, y);
}

function arrow(pen, x0, y0, x1, y1, colour) {
  const length = Math.hypot(x1 - x0, y1 - y0);
  if (length < 12) return;
  const ux = (x1 - x0) / length, uy = (y1 - y0) / length, bx = x1 - 15 * ux, by = y1 - 15 * uy;
  for (const [line, ink] of [[5, COLOURS.shade], [3, colour]]) {
    Object.assign(pen, {lineWidth: line, strokeStyle: ink});
    pen.beginPath();
    pen.moveTo(x0, y0);
    pen.lineTo(bx, by);
    pen.stroke();
  }
  pen.fillStyle = colour;
  pen.beginPath();
  pen.moveTo(x1 - 4 * ux, y1 - 4 * uy);
  pen.lineTo(bx - 6 * uy, by + 6 * ux);
  pen.lineTo(bx + 6 * uy, by - 6 * ux);
  pen.fill();
}
