// What was chosen before: the address of each choice, in the browser's history, so that Back undoes.

const places = []; // the address of each choice since the page was opened
let place = 0; // of them the one that is shown
let linked = true; // whether the browser keeps them: a frame without an address has none of its own
let arriving = false; // whether the browser is at an address whose image is still decoded
let saving = 0;

/** Keep the window as it is, when it has been so for a moment. */
function keepSoon() {
  clearTimeout(saving); // browsers take a new address a few times a second at most
  saving = setTimeout(() => { if (!pointers.size) keep(); }, 250);
}

/** Make the window that is shown a choice to come back to, unless it is the one that was. */
function keep() {
  clearTimeout(saving);
  if (arriving || places[place] === fragment()) return;
  places.length = ++place;
  note("pushState");
}

function note(way) {
  places[place] = fragment();
  try {
    if (linked) history[way]({place}, "", fragment());
  } catch {
    linked = false;
  }
  showPlace();
}

/** Go back or on by so many choices. */
function travel(steps) {
  keep();
  if (place + steps < 0 || (steps > 0 && place + steps >= places.length)) return;
  if (linked) return history.go(steps);
  place += steps;
  arrive(places[place]);
}

/** Show what an address says; whoever typed it there, it is a choice as well. */
async function arrived(event) {
  if (location.hash === places[place] && location.hash === fragment()) return;
  if (Number.isInteger(event.state?.place)) {
    place = event.state.place;
    return arrive(location.hash);
  }
  if (!await arrive(location.hash)) return;
  places.length = ++place;
  note("replaceState");
}

async function arrive(address) {
  document.activeElement?.blur?.();
  arriving = true;
  showPlace();
  if (!await goTo(rowOf(address), address)) return false;
  arriving = false;
  return true;
}

function showPlace() {
  $("undo").disabled = place === 0;
  $("redo").disabled = place >= places.length - 1;
}

function historyKey(event) {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const key = event.key.toLowerCase(), steps = key === "y" || (key === "z" && event.shiftKey) ? 1 : key === "z" ? -1 : 0;
  if (!steps) return;
  event.preventDefault();
  travel(steps);
}
