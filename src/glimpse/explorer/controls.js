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
  input.addEventListener("input", () => typed(field, input.value.trim()));
  for (const name of ["change", "blur"]) input.addEventListener(name, () => settle(field));
  for (const element of [slider, input]) {
    element.addEventListener("keydown", (event) => {
      const up = {ArrowUp: 1, ArrowDown: -1, ...(element === slider && {ArrowRight: 1, ArrowLeft: -1})}[event.key];
      if (!up || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      step(field, up, event.shiftKey);
      settle(field);
    });
  }
}

/** Show the number that holds. */
function settle(field) {
  say("");
  write($(field), value(field));
}

/** Take a number as it is typed, or say what is wrong with it and leave the window. */
function typed(field, text) {
  const wrong = fault(field, text);
  say(wrong);
  $(field).setAttribute("aria-invalid", wrong !== "");
  if (!wrong) setValue(field, Number(text));
}

function write(input, number) {
  input.value = number;
  input.setAttribute("aria-invalid", "false");
}

let wrong = "";

function say(text) {
  wrong = text;
  $("message").textContent = text || remark();
  $("message").className = text ? "wrong" : "";
}

/** What there is to know about the window as it is. */
function remark() {
  const {top, bottom, left, right} = box(state);
  if (top >= ROWS || bottom <= 0 || left >= COLS || right <= 0) return "The window lies wholly beyond the image.";
  const least = sqrt((given.scale ** 2 - 1) / 12);
  if (min(...state.sigma) <= least) return `Sharper than the picture here, which is reduced ${given.scale} times; the command is not.`;
  return "";
}

function showControls() {
  for (const [field, slider] of Object.entries(sliders)) {
    const number = value(field);
    slider.value = toTick(field, number);
    slider.setAttribute("aria-valuetext", number);
    if (document.activeElement !== $(field)) write($(field), number);
  }
  $("kernel").value = state.kernel;
  $("edge").value = state.edge;
  $("follow").checked = state.follow;
  $("controls").classList.toggle("apart", apart());
  say(wrong);
  const [n, m] = state.n, wide = $("patch").parentElement.clientWidth - 22, zoom = min(wide / m, 340 / n);
  $("patch-size").textContent = `${n} x ${m}`;
  place($("patch"), {width: m * (zoom > 1 ? floor(zoom) : zoom), height: n * (zoom > 1 ? floor(zoom) : zoom)});
}

function showTexts() {
  showWords($("command"), command());
  $("python").textContent = python();
  $("record").textContent = record();
  clearTimeout(saving); // browsers take a new address a few times a second at most
  saving = setTimeout(() => history.replaceState(null, "", fragment()), 150);
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
