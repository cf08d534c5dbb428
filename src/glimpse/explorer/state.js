// The window of the page: its numbers, what is wrong with one, and the texts that stand for it.

const $ = (id) => document.getElementById(id);
const given = JSON.parse($("given").textContent); // {images, rows, table, limits, defaults}
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i; // as the command line takes it
const COLOURS = {box: "#ffc400", shade: "#0c0c10", row: "#ff5c48", col: "#48a8ff", ink: "#ecece6"}; // as of `show`

let row = 0; // of the table; a page of one window has one
let fact = given.images[0]; // what is told of the row's image: {source, shape, command, channelAxis, grey, scale, notes}
let [ROWS, COLS] = fact.shape; // of the file; the picture here may be reduced
let image; // the picture's levels
let state; // a window, and whether sigma follows delta

const pair = (value) => Array.isArray(value) ? value : [value, value];
const single = ([rows, cols]) => rows === cols ? rows : [rows, cols];

/** The state of a window whose delta, sigma and n are one number or [rows, columns]. */
function stateOf({gx, gy, delta, sigma, gamma, n, kernel, edge}) {
  const window = {gx, gy, delta: pair(delta), sigma: pair(sigma), gamma, n: pair(n), kernel, edge};
  return {...window, follow: ownSigmas(window).every((own, axis) => near(own, window.sigma[axis]))};
}

const near = (a, b) => abs(a - b) <= 1e-9 * b;
const ownSigmas = ({kernel, delta}) => delta.map((stride) => KERNELS[kernel].sigma(stride));
const apart = () => $("apart").checked;

/** Change the window; what follows from it follows. */
function change(update) {
  state = {...state, ...update};
  if (state.follow) state.sigma = ownSigmas(state);
  later();
}

/** A number of the window by the name of its field: gx, gy, gamma, delta0, delta1, sigma0, n1... or x, y, w, h. */
function value(field, window = state) {
  if (BOX_FIELDS.includes(field)) return rounded(xywh(window)[field], 12);
  const [, name, axis] = field.match(/^([a-z]+)([01]?)$/);
  return axis ? window[name][axis] : window[name];
}

function setValue(field, number) {
  if (BOX_FIELDS.includes(field)) return setBox(keepAspect({...xywh(), [field]: number}, field === "h"));
  const [, name, axis] = field.match(/^([a-z]+)([01]?)$/);
  const both = [0, 1].map((k) => !apart() || k === Number(axis) ? number : state[name][k]);
  change({[name]: axis ? both : number, ...(name === "sigma" && {follow: false})});
}

// sides that a percentage is of; a centre of 0 % and 100 % is an edge of the image, half a pixel outside the outermost centres
const SIDES = {gx: 0, y: 0, h: 0, gy: 1, x: 1, w: 1};

/** The number that is typed into a field: with a decimal comma, or in percent of the image; NaN if it is none. */
function numberOf(field, text) {
  const [, digits, sign] = text.replace(",", ".").match(/^(.*?)\s*(%?)$/);
  if (!NUMBER.test(digits) || sign && !(field in SIDES)) return NaN;
  if (!sign) return Number(digits);
  return rounded(Number(digits) / 100 * [ROWS, COLS][SIDES[field]], 12) - (field[0] === "g" ? 0.5 : 0);
}

/** What is wrong with a number, in the words of the command line; nothing where it is right. */
function fault(field, text) {
  const name = field.replace(/\d/, ""), number = numberOf(field, text), most = given.limits.number;
  if (!Number.isFinite(number)) return `${name}: '${text}' is not a plain finite number such as 2.5${field in SIDES ? " or 50%" : ""}`;
  if (name === "n") {
    const whole = Number.isInteger(number) && number >= 1 && number <= given.limits.n;
    return whole ? "" : `n must be 1 to ${given.limits.n} filters per axis, got ${text}`;
  }
  const place = ["gx", "gy", "x", "y"].includes(name);
  if (!place && number <= 0) return `${name} must be > 0, got ${text}`;
  const least = place ? -most : 1 / most;
  return number >= least && number <= most ? "" : `${name} must be ${least} to ${most}, got ${text}`;
}

// the fields, what stands beside each, and the class of its row
const FIELDS = {
  gx: ["row (gx)", "DOWN", "down"], gy: ["col (gy)", "ACROSS", "across"],
  delta0: ["delta", "rows"], delta1: ["delta", "columns", "cols"],
  sigma0: ["sigma", "rows"], sigma1: ["sigma", "columns", "cols"],
  gamma: ["gamma", ""], n0: ["n", "rows"], n1: ["n", "columns", "cols"],
};
const BOX_FIELDS = ["x", "y", "w", "h"]; // across and down from the image's left and top edge, as `--box` has them
const STEPS = {gx: 1, gy: 1, n: 1, x: 1, y: 1, w: 1, h: 1}; // of a key; 0.1 of the others

/** Move a number by steps of its own, by tenths with Shift. */
function step(field, steps, fine) {
  const name = field.replace(/\d/, ""), size = (STEPS[name] ?? 0.1) * (fine && name !== "n" ? 0.1 : 1);
  const number = rounded(value(field) + steps * size, 12);
  if (!fault(field, String(number))) setValue(field, number);
}

const rounded = (number, digits) => Number(number.toPrecision(digits));
const fixed = (number, decimals) => Number(number.toFixed(decimals));

/** rows top:bottom and columns left:right that the samples share, as pixel edges. */
function box({gx, gy, delta, n}) {
  const [down, across] = [n[0] * delta[0] / 2, n[1] * delta[1] / 2];
  return {top: gx + 0.5 - down, bottom: gx + 0.5 + down, left: gy + 0.5 - across, right: gy + 0.5 + across};
}

/** The same area as x, y, w, h. */
function xywh(window = state) {
  const {top, bottom, left, right} = box(window);
  return {x: left, y: top, w: right - left, h: bottom - top};
}

/** Put the window over a box; its strides are apart where the box asks for it. */
function setBox({x, y, w, h}) {
  const delta = [h / state.n[0], w / state.n[1]].map((stride) => clamp(stride, 1e-6, 1e6));
  if (!near(...delta)) $("apart").checked = true;
  change({gx: rounded(y + h / 2 - 0.5, 12), gy: rounded(x + w / 2 - 0.5, 12), delta: near(...delta) ? [delta[0], delta[0]] : delta});
}

/** Width over height that a box is held to, or nothing. */
const aspect = () => ({square: 1, "16:9": 16 / 9, image: COLS / ROWS})[$("aspect").value];

/** The box with the height that its width asks for, or the width that its height asks for. */
function keepAspect(box, byHeight, ratio = aspect()) {
  if (!ratio) return box;
  return byHeight ? {...box, w: box.h * ratio} : {...box, h: box.w / ratio};
}

const NAMES = ["gx", "gy", "delta", "sigma", "gamma", "n", "kernel", "edge"];

/** The window as names and values, pairs where rows and columns differ. */
function values() {
  const {delta, sigma, n} = state;
  return {...Object.fromEntries(NAMES.map((name) => [name, state[name]])), delta: single(delta), sigma: single(sigma), n: single(n)};
}

const fragment = () => "#" + [...(given.table ? [["row", row + 1]] : []), ...Object.entries(values())].map(([name, text]) => `${name}=${text}`).join("&");

/** The state of an address, which anyone may have written: what is wrong in it is left out. */
function fromFragment(text) {
  const known = {...given.rows[row]};
  for (const [name, word] of new URLSearchParams(text.replace(/^#/, ""))) {
    const words = word.split(","), most = ["delta", "sigma", "n"].includes(name) ? 2 : 1;
    if (name === "kernel" || name === "edge") {
      if ([...$(name).options].some((option) => option.value === word)) known[name] = word;
    } else if (NAMES.includes(name) && words.length <= most && !words.some((w) => fault(name, w) || !NUMBER.test(w))) {
      known[name] = words.length > 1 ? words.map(Number) : Number(word);
    }
  }
  const found = stateOf(known), follow = stateOf(given.rows[row]).follow && !/[#&]sigma=/.test(text);
  return follow ? {...found, follow, sigma: ownSigmas(found)} : found;
}

function command() {
  const {gx, gy, delta, sigma, gamma, n, kernel, edge} = values(), places = swapped() ? percent() : [gx, gy];
  const words = [fact.command, `--row ${places[0]} --col ${places[1]} --delta ${delta} --sigma ${sigma} -n ${n}`];
  if (gamma !== 1) words.push(`--gamma ${gamma}`);
  if (kernel !== given.defaults.kernel) words.push(`--kernel ${kernel}`);
  if (edge !== given.defaults.edge) words.push(`--edge ${edge}`);
  return words.join(" ");
}

/** Whether the centre is off the image and on it with gx and gy swapped, which the command takes for a slip. */
function swapped() {
  const inside = (row, col) => row >= -0.5 && row <= ROWS - 0.5 && col >= -0.5 && col <= COLS - 0.5;
  return !inside(state.gx, state.gy) && inside(state.gy, state.gx);
}

/** The centre in percent of the image, which the command takes wherever it is. */
const percent = () => [[state.gx, ROWS], [state.gy, COLS]].map(([g, size]) => `${rounded((g + 0.5) / size * 100, 15)}%`);

function python() {
  const word = (item) => typeof item === "string" ? `"${item}"` : Array.isArray(item) ? `(${item.join(", ")})` : item;
  const shown = Object.entries(values()).filter(([name, item]) => item !== given.defaults[name]);
  const numbers = shown.map(([name, item]) => `${name}=${word(item)}`).join(", ");
  const channels = fact.channelAxis === null ? "" : `, channel_axis=${fact.channelAxis}`;
  return `patch = glimpse.read(image, glimpse.Window(${numbers})${channels})`;
}

/** The record, written as Python's json does. */
function record() {
  const json = (item) => Array.isArray(item) ? `[${item.map(json).join(", ")}]` : JSON.stringify(item);
  const members = Object.entries({...fact.record, ...values()}).map(([name, item]) => `"${name}": ${json(item)}`);
  const escape = (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0");
  return `{${members.join(", ")}}`.replace(/[^\x20-\x7e]/g, escape);
}
