// A table of windows: one row after another, corrected, and saved as a table again.

const windows = given.rows.map(() => null); // the state of each row that was looked at
const loaded = new Map(); // {picture, levels} of images, by their place in given.images
let wanted = 0; // the row that was asked for last: its image may still be decoded, and the page is of the row before

/** The row that an address names, which anyone may have written; the row that is shown where it names none. */
function rowOf(address) {
  const number = Number(new URLSearchParams(address.replace(/^#/, "")).get("row"));
  return Number.isInteger(number) && number >= 1 && number <= given.rows.length ? number - 1 : row;
}

/** Whether a row is no longer as it was given. */
const corrected = (k) => windows[k] && JSON.stringify(windows[k]) !== JSON.stringify(stateOf(given.rows[k]));

/** Show a row with the window of an address, or as it was left; return whether nobody asked for another meanwhile. */
async function goTo(next, address = "") {
  wanted = next;
  const index = given.rows[next].image;
  if (!loaded.has(index)) await load(index);
  if (next !== wanted) return false;
  if (state) {
    keep();
    windows[row] = state;
  }
  row = next;
  grip = null; // a drag was of the row before
  if (image !== loaded.get(index).levels) showImage(index);
  begin(address ? fromFragment(address) : windows[row] ?? stateOf(given.rows[row]));
  return true;
}

async function load(index) {
  const fact = given.images[index], picture = $("picture").cloneNode();
  if (fact.picture) picture.src = fact.picture;
  await picture.decode();
  if (loaded.size > 3) loaded.delete([...loaded.keys()].find((k) => k !== given.rows[row].image));
  loaded.set(index, {picture, levels: levels(picture, fact.grey)});
}

function showImage(index) {
  const found = loaded.get(index);
  fact = given.images[index];
  [ROWS, COLS] = fact.shape;
  $("picture").replaceWith(found.picture);
  image = found.levels;
  scratch = null;
  $("size").textContent = `${ROWS} rows x ${COLS} columns`;
  $("name").textContent = fact.source;
  $("notes").replaceChildren(...fact.notes.map((note) => Object.assign(document.createElement("li"), {textContent: note})));
  layOut();
}

/** Go to another row, as a choice to come back to. */
async function turnTo(next) {
  if (!given.rows[next] || next === wanted) return;
  arriving = false;
  if (await goTo(next)) keep();
}

/** The row under a place of the stage whose box is the smallest; nothing where there is none. */
function rowAt({x, y}) {
  let found = null, least = Infinity;
  for (const [k, b] of neighbours()) {
    const inside = x > toX(b.left - 0.5) && x < toX(b.right - 0.5) && y > toY(b.top - 0.5) && y < toY(b.bottom - 0.5);
    const area = (b.right - b.left) * (b.bottom - b.top);
    if (inside && area < least) [found, least] = [k, area];
  }
  return found;
}

/** The boxes of the other rows on the same image: [row, box]; of very many the nearest in the table. */
function neighbours() {
  if (!given.table) return [];
  const all = [];
  for (let k = max(0, row - 500); k < min(given.rows.length, row + 500); k++) {
    if (k !== row && given.rows[k].image === given.rows[row].image) all.push([k, box(windows[k] ?? stateOf(given.rows[k]))]);
  }
  return all;
}

function showRow() {
  if (!given.table) return;
  $("row-number").value = row + 1;
  $("row-number").max = given.rows.length;
  $("row-count").textContent = `of ${given.rows.length}`;
  $("previous").disabled = row === 0;
  $("next").disabled = row === given.rows.length - 1;
  const {header, cells} = given.table;
  $("row-cells").textContent = header.map((name, i) => `${name}: ${cells[row][i]}`).join(" · ");
  const count = given.rows.filter((_, k) => k === row ? changed() : corrected(k)).length;
  $("row-changed").textContent = count ? `${count} corrected` : "";
}

const changed = () => JSON.stringify(state) !== JSON.stringify(stateOf(given.rows[row]));

/** The table with the windows as they are now; columns that do not say where stay as they were. */
function csv() {
  const cell = (text) => /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const {header, cells, places} = given.table;
  const lines = given.rows.map((_, k) => {
    const window = k === row ? state : windows[k] ?? stateOf(given.rows[k]);
    return [...cells[k], ...places.map((name) => name === "delta" ? single(window.delta) : value(name, window))];
  });
  return [[...header, ...places], ...lines].map((line) => line.map((text) => cell(String(text))).join(",") + "\n").join("");
}

function saveFile(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function bindTable() {
  if (!given.table) return;
  $("table").hidden = false;
  $("previous").addEventListener("click", () => turnTo(wanted - 1));
  $("next").addEventListener("click", () => turnTo(wanted + 1));
  $("row-number").addEventListener("change", (event) => turnTo(Number(event.target.value) - 1).then(showRow));
  $("save-table").addEventListener("click", () => saveFile(new Blob([csv()], {type: "text/csv"}), given.table.name));
}
