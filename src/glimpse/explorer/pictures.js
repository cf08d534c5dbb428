// Patch, canvas and filterbanks as pictures.

/** Put levels on a canvas of their size. */
function paint(canvas, {rows, cols, channels, data}, colour = [1, 1, 1]) {
  if (canvas.width !== cols || canvas.height !== rows) Object.assign(canvas, {width: cols, height: rows});
  const pixels = new ImageData(cols, rows), out = pixels.data, [green, blue] = channels === 3 ? [1, 2] : [0, 0];
  const [r, g, b] = colour;
  for (let i = 0, from = 0; i < out.length; i += 4, from += channels) {
    out[i] = r * data[from];
    out[i + 1] = g * data[from + green];
    out[i + 2] = b * data[from + blue];
    out[i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

const SHOWN = 128; // filters in the picture of F F'
const AXES = [
  {F: "Fx", along: "rows", way: "down", tint: [1, 0.5, 0.42]},
  {F: "Fy", along: "columns", way: "across", tint: [0.42, 0.75, 1]},
];

/** A place for the pictures of each bank. */
function makeBanks() {
  for (const axis of AXES) {
    axis.place = $("bank").content.cloneNode(true).firstElementChild;
    axis.place.classList.add(axis.way);
    axis.part = (name) => axis.place.querySelector(name);
    axis.part(".help").textContent = `A line for each filter, across it the ${axis.along} of the image.`;
    const names = [`The filterbank ${axis.F}`, `Weights of the middle filters of ${axis.F}`, `${axis.F} times its transpose`];
    axis.place.querySelectorAll("canvas").forEach((canvas, i) => canvas.setAttribute("aria-label", names[i]));
    $("banks").append(axis.place);
  }
}

function drawBank(F, axis) {
  const first = max(0, (F.n - SHOWN) >> 1), square = gram(F, first, min(F.n, first + SHOWN));
  const most = largest(square.data), levels = square.data.map((item) => 255 * item / most);
  axis.part("h2").textContent = `${axis.F}, ${axis.along}: ${F.n} x ${F.size}`;
  paint(axis.part(".bank-picture"), bankPicture(F, axis.part(".bank-picture")), axis.tint);
  drawProfile(axis.part(".profile"), F, axis);
  paint(axis.part(".gram"), {...square, data: levels}, axis.tint);
  axis.part(".verdict").textContent = `${axis.F} ${axis.F}ᵀ${F.n > SHOWN ? ` (its middle ${SHOWN} filters)` : ""} ${verdict(square)}`;
}

const largest = (data) => data.reduce((a, b) => max(a, b), 0) || 1;

/** The bank as levels, no more of them than are shown: the largest weight of those that share a pixel. */
function bankPicture(F, canvas) {
  const dots = devicePixelRatio || 1;
  const cols = min(F.size, max(1, round(canvas.clientWidth * dots)));
  const rows = min(F.n, max(1, round(canvas.clientHeight * dots)));
  const data = new Float64Array(rows * cols), most = largest(F.weights);
  for (let row = 0; row < rows; row++) {
    const i = floor((row + 0.5) * F.n / rows);
    for (let k = 0; k < F.width; k++) {
      const at = row * cols + floor((F.start[i] + k) * cols / F.size);
      data[at] = max(data[at], 255 * F.weights[i * F.width + k] / most);
    }
  }
  return {rows, cols, channels: 1, data};
}

/** What F F' says of the transpose as an inverse. */
function verdict({rows: n, data}) {
  const diagonal = data.filter((_, at) => at % (n + 1) === 0), most = largest(diagonal), size = most.toPrecision(3);
  const overlap = round(100 * data.reduce((a, b, at) => at % (n + 1) ? max(a, b) : a, 0) / most);
  if (!diagonal.some(Boolean)) return "is zero: the filters see nothing.";
  if (overlap) return `is not a unit matrix: neighbours overlap, by ${overlap} % of the diagonal (${size}). The canvas only resembles an inverse.`;
  if (min(...diagonal) < 0.99 * most) return "is not a unit matrix: the edge of the image cuts filters off.";
  return `is a unit matrix${abs(most - 1) < 0.01 ? "" : " times " + size}: the filters stand apart, each reads back what it wrote.`;
}

/** A canvas of the size at which it is shown, in CSS pixels. */
function sharp(canvas) {
  const dots = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  const [cols, rows] = [round(width * dots), round(height * dots)];
  if (canvas.width !== cols || canvas.height !== rows) Object.assign(canvas, {width: cols, height: rows});
  const pen = canvas.getContext("2d");
  pen.setTransform(dots, 0, 0, dots, 0, 0);
  pen.clearRect(0, 0, width, height);
  return [pen, width, height];
}

/** The weights of the five filters in the middle over the pixels that they see. */
function drawProfile(canvas, F, {along, way}) {
  const [pen, width, height] = sharp(canvas), style = getComputedStyle(canvas), count = min(5, F.n);
  const shown = Array.from({length: count}, (_, i) => ((F.n - count) >> 1) + i);
  const [low, high, most] = seen(F, shown), base = height - 18, skip = ceil((high - low) / 2000) || 1;
  const x = (pixel) => (pixel - low + 0.5) / (high - low + 1) * width, y = (weight) => base - 0.92 * base * weight / most;
  Object.assign(pen, {fillStyle: style.color, font: `11px ${style.fontFamily}`});
  [low, (low + high) >> 1, high].forEach((pixel, i) => {
    pen.textAlign = ["left", "center", "right"][i];
    if (i !== 1 || high - low > 2) pen.fillText(pixel, [0, x(pixel), width][i], base + 14);
  });
  pen.strokeStyle = style.getPropertyValue(way === "down" ? "--row" : "--col");
  for (const i of shown) {
    pen.beginPath();
    for (let pixel = low; pixel <= high; pixel += skip) {
      const k = pixel - F.start[i], weight = k >= 0 && k < F.width ? F.weights[i * F.width + k] : 0;
      pen.lineTo(x(pixel - 0.5), y(weight)); // a pixel has one weight: a stair
      pen.lineTo(x(pixel + skip - 0.5), y(weight));
    }
    pen.lineWidth = i === shown[count >> 1] ? 2 : 1;
    pen.stroke();
  }
  const unit = fact.scale > 1 ? `pixels reduced ${fact.scale} times` : `${along} of the image`, number = most.toPrecision(3);
  canvas.nextElementSibling.textContent = `The middle ${count > 1 ? `${count} filters` : "filter"} over ${unit}; largest weight ${number}.`;
}

/** The pixels from the first to the last that some filters see, and their largest weight. */
function seen(F, filters) {
  let low = F.size, high = -1;
  const most = largest(F.weights.subarray(filters[0] * F.width, (filters.at(-1) + 1) * F.width));
  for (const i of filters) {
    for (let k = 0; k < F.width; k++) {
      if (F.weights[i * F.width + k] <= 1e-3 * most) continue;
      low = min(low, F.start[i] + k);
      high = max(high, F.start[i] + k);
    }
  }
  return high < 0 ? [0, F.size - 1, 1] : [max(0, low - 1), min(F.size - 1, high + 1), most];
}
