// Sliders, fields and buttons.

const TICKS = 1000;

/** Ends of a slider, and whether it is of ratios. */
function sliderRange(field) {
  const axis = field === "gx" || field.endsWith("0") ? 0 : 1, size = [ROWS, COLS][axis];
  if (field === "gx" || field === "gy") return [-size / 4, 1.25 * size, false];
  if (field === "gamma") return [0.1, 10, true];
  if (field[0] === "n") return [1, 128, true];
  return [0.05, max(size / 2, 8), true];
}

function toTick(field, number) {
  const [low, high, ratio] = sliderRange(field);
  return TICKS * (ratio ? Math.log(number / low) / Math.log(high / low) : (number - low) / (high - low));
}

function fromTick(field, tick) {
  const [low, high, ratio] = sliderRange(field), share = tick / TICKS;
  if (!ratio) return fixed(low + share * (high - low), high - low > 500 ? 0 : 1);
  const number = low * (high / low) ** share;
  return field[0] === "n" ? round(number) : rounded(number, 3);
}

const sliders = {};

/** A row of the form: label, slider and field of one number. */
function makeRow([field, [name, of, kind]]) {
  const row = $("row").content.cloneNode(true).firstElementChild, [label, slider, input] = row.children;
  if (kind) row.classList.add(kind);
  label.append(name + " ", Object.assign(document.createElement("small"), {textContent: of, className: of}));
  Object.assign(label, {htmlFor: field});
  Object.assign(input, {id: field, inputMode: field[0] === "n" ? "numeric" : "decimal"});
  Object.assign(slider, {min: 0, max: TICKS, ariaLabel: `${name} ${of}, slider`});
  $("rows").append(row);
  sliders[field] = slider;
  slider.addEventListener("input", () => setValue(field, fromTick(field, slider.value)));
  bindField(field, input, slider);
}

/** A field of the box, which has no slider. */
function makeBoxField(field) {
  const label = document.createElement("label"), input = Object.assign(document.createElement("input"), {id: field, inputMode: "decimal"});
  label.append(field + " ", input);
  $("box").append(label);
  bindField(field, input);
}

function bindField(field, input, slider = input) {
  input.setAttribute("aria-describedby", "message");
  input.addEventListener("input", () => typed(field, input.value.trim()));
  input.addEventListener("change", () => settle(field));
  input.addEventListener("blur", () => settle(field));
  for (const element of new Set([slider, input])) {
    element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") return forget(field);
      const up = {ArrowUp: 1, ArrowDown: -1, ...(element !== input && {ArrowRight: 1, ArrowLeft: -1})}[event.key];
      if (!up || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      step(field, up, event.shiftKey);
      forget(field);
    });
  }
}

const refused = new Map(); // field: {reason, number} of a text that was refused, and the number that holds instead

/** Show the number that holds, unless the text was refused: it stays with its reason, to be mended. */
function settle(field) {
  if (!refused.has(field)) write($(field), value(field));
}

/** Drop a refused text. */
function forget(field) {
  refused.delete(field);
  write($(field), value(field));
  say();
}

/** Take a number as it is typed, or say what is wrong with it and leave the window. */
function typed(field, text) {
  const reason = fault(field, text);
  refused.delete(field);
  if (reason) refused.set(field, {reason, number: value(field)}); // the last one that is set is told
  else setValue(field, numberOf(field, text));
  $(field).setAttribute("aria-invalid", reason !== "");
  say();
}

function write(input, number) {
  input.value = number;
  input.setAttribute("aria-invalid", "false");
}

/** Tell of what was refused last, else of the window. */
function say() {
  const {reason} = [...refused.values()].at(-1) ?? {};
  $("message").textContent = reason ?? remark();
  $("message").className = reason ? "wrong" : "";
}

/** What there is to know about the window as it is. */
function remark() {
  const {top, bottom, left, right} = box(state);
  if (top >= ROWS || bottom <= 0 || left >= COLS || right <= 0) return "The window lies wholly beyond the image.";
  const [down, across] = state.delta, squashed = rounded(max(across / down, down / across), 3);
  if (apart() && squashed >= 1.05) return `The patch is squashed ${across > down ? `${squashed}:1` : `1:${squashed}`}: strides differ across and down.`;
  const least = sqrt((fact.scale ** 2 - 1) / 12);
  if (min(...state.sigma) <= least) return `Sharper than the picture here, which is reduced ${fact.scale} times; the command is not.`;
  return "";
}

function showControls() {
  for (const field of [...Object.keys(FIELDS), ...BOX_FIELDS]) {
    const number = value(field), slider = sliders[field];
    if (slider) slider.value = toTick(field, number);
    slider?.setAttribute("aria-valuetext", number);
    if (refused.has(field) && refused.get(field).number !== number) refused.delete(field); // it was mended elsewhere
    if (document.activeElement !== $(field) && !refused.has(field)) write($(field), number);
  }
  $("kernel").value = state.kernel;
  $("edge").value = state.edge;
  $("follow").checked = state.follow;
  $("controls").classList.toggle("apart", apart());
  say();
  const [n, m] = state.n, wide = $("patch").parentElement.clientWidth - 22, zoom = min(wide / m, 340 / n);
  $("patch-size").textContent = `${n} x ${m}`;
  put($("patch"), {width: m * (zoom > 1 ? floor(zoom) : zoom), height: n * (zoom > 1 ? floor(zoom) : zoom)});
}

function showTexts() {
  showWords($("command"), command());
  $("python").textContent = python();
  $("record").textContent = record();
  keepSoon();
}

const TEXTS = {command: "Command", python: "Python", record: "JSON, for --like"};

/** A place for a text with its button. */
function makeText([id, name]) {
  const place = $("text").content.cloneNode(true).firstElementChild, [title, button, code] = place.children;
  title.textContent = code.ariaLabel = name;
  Object.assign(code, {id});
  button.ariaLabel = `Copy: ${name}`;
  button.addEventListener("click", () => copy(button, code));
  $("texts").append(place);
}

/** A line that breaks before an option, not at its hyphens. */
function showWords(element, text) {
  const words = text.split(/ (?=-)/).map((word) => Object.assign(document.createElement("span"), {textContent: word}));
  element.replaceChildren(...words.flatMap((word, i) => i ? [" ", word] : [word]));
}

async function copy(button, text) {
  try {
    await navigator.clipboard.writeText(text.textContent);
  } catch { // not allowed here: as one would by hand
    getSelection().selectAllChildren(text);
    document.execCommand("copy");
  }
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}
