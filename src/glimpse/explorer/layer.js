"use strict";
// The attention layer: what glimpse/attention computes, with the same letters. Gregor et al. 2015, section 3.
//
// window: {gx, gy, delta: [rows, columns], sigma: [rows, columns], gamma, n: [rows, columns], kernel, edge}
// image, patch, canvas: {rows, cols, channels, data}, row after row, the channels of a pixel side by side

const {min, max, round, floor, ceil, abs, sqrt} = Math;

// A weight this small beside the largest of its filter is left out: less would not show, and take more time.
const PRECISION = 2 ** -22;

// Coverage, beside the largest, below which a pixel of the window's box is darker than its patch.
const DARK = 0.1;

const LATTICE = 4096; // pixels of a box that are looked at from either end
const TIE = 1e-6; // pixels: a centre on the border of the box is inside it

// What one filter weighs. A pixel is told by its distance u from the peak, the pixel nearest to the centre,
// and the centre by its offset from the peak: large numbers cancel before they are squared.
const KERNELS = {
  gaussian: {
    sigma: (delta) => max(delta, 1) / 2, // where none is given
    reach: (sigma) => sigma * sqrt(-2 * Math.log(PRECISION)),
    weigh: (u, offset, sigma) => Math.exp(u * (offset - u / 2) / (sigma * sigma)),
    latticeSum(offset, sigma) {
      if (sigma >= 2) return sqrt(2 * Math.PI) * sigma * Math.exp(offset ** 2 / (2 * sigma * sigma));
      let sum = 0;
      for (let u = -18; u <= 18; u++) sum += this.weigh(u, offset, sigma);
      return sum;
    },
  },
  box: {
    sigma: (delta) => delta / sqrt(12),
    reach: (sigma) => sigma * sqrt(3) + 0.5,
    weigh(u, offset, sigma) {
      const half = sigma * sqrt(3);
      return min(max(half - (abs(u - offset) - 0.5), 0), 2 * half, 1);
    },
    latticeSum: (offset, sigma) => sigma * sqrt(12),
  },
};

const clamp = (value, low, high) => min(max(value, low), high);

/** Where filter i of n stands, eqs. 19-20 counted from 0. */
const center = (i, n, g, delta) => g + (i - (n - 1) / 2) * delta;

/** The filters of one axis without their zeros: filter i weighs `width` pixels from start[i] on. */
function bank(size, n, g, delta, sigma, kernel, edge) {
  const shape = KERNELS[kernel];
  const radius = ceil(min(Math.hypot(shape.reach(sigma), 0.5), size)) + 1;
  const width = min(size, 2 * radius + 1);
  const start = new Int32Array(n), weights = new Float64Array(n * width);
  for (let i = 0; i < n; i++) {
    const mu = center(i, n, g, delta), nearest = clamp(round(mu), 0, size - 1);
    const peak = edge === "black" ? round(mu) : nearest, offset = mu - peak;
    start[i] = clamp(nearest - radius, 0, size - width);
    const row = weights.subarray(i * width, (i + 1) * width);
    for (let k = 0; k < width; k++) row[k] = shape.weigh(start[i] + k - peak, offset, sigma);
    normalise(row, edge === "black" ? shape.latticeSum(offset, sigma) : 0, peak - start[i]);
  }
  return {size, n, width, start, weights};
}

/** Divide by the total, or by the sum where there is none; a filter that sees no pixel takes its peak alone. */
function normalise(row, total, nearest) {
  if (!total) total = row.reduce((sum, weight) => sum + weight, 0);
  if (!total) row[nearest] = total = 1;
  for (let k = 0; k < row.length; k++) row[k] /= total;
}

/** Fx and Fy of a window over an image or a canvas. */
function banks({gx, gy, delta, sigma, n, kernel, edge}, {rows, cols}) {
  return [
    bank(rows, n[0], gx, delta[0], sigma[0], kernel, edge),
    bank(cols, n[1], gy, delta[1], sigma[1], kernel, edge),
  ];
}

/** First pixel that any filter touches, and the one after the last. */
const span = (F) => [min(...ends(F)), max(...ends(F)) + F.width];
const ends = (F) => [F.start[0], F.start[F.n - 1]];

/** P = gamma Fx I Fy': the rows first, of the columns that Fy sees alone. */
function read(image, window, [Fx, Fy] = banks(window, image)) {
  const [left, right] = span(Fy), c = image.channels, sums = new Float64Array((right - left) * c);
  const patch = {rows: Fx.n, cols: Fy.n, channels: c, data: new Float32Array(Fx.n * Fy.n * c)};
  for (let i = 0; i < Fx.n; i++) {
    const weights = Fx.weights.subarray(i * Fx.width, (i + 1) * Fx.width);
    mix(sums, image.data, (Fx.start[i] * image.cols + left) * c, image.cols * c, weights);
    sampleLine(patch.data, i * Fy.n * c, sums, left, Fy, c, window.gamma);
  }
  return patch;
}

/** The sum of lines, each times its weight. */
function mix(sums, data, from, line, weights) {
  sums.fill(0);
  for (let k = 0; k < weights.length; k += 4) {
    const at = (i) => from + (k + i < weights.length ? k + i : k) * line, weight = (i) => weights[k + i] ?? 0;
    addFour(sums, data, at(0), at(1), at(2), at(3), weight(0), weight(1), weight(2), weight(3));
  }
}

/** Four lines at once: this is what takes the time of a redraw. */
function addFour(sums, data, a, b, c, d, p, q, r, s) {
  for (let j = 0; j < sums.length; j++) {
    sums[j] += p * data[a + j] + q * data[b + j] + r * data[c + j] + s * data[d + j];
  }
}

/** One row of a patch out of one line of sums over rows. */
function sampleLine(out, at, sums, left, Fy, c, gamma) {
  for (let j = 0; j < Fy.n; j++) {
    const from = (Fy.start[j] - left) * c;
    for (let b = 0; b < c; b++) {
      let sum = 0;
      for (let k = 0; k < Fy.width; k++) sum += Fy.weights[j * Fy.width + k] * sums[from + k * c + b];
      out[at + j * c + b] = gamma * sum;
    }
  }
}

/** The sum of all filters' weights over each pixel. */
function coverage(F) {
  const sums = new Float64Array(F.size);
  for (let i = 0; i < F.n; i++) {
    for (let k = 0; k < F.width; k++) sums[F.start[i] + k] += F.weights[i * F.width + k];
  }
  return sums;
}

/** The smallest coverage of a pixel of the window's box on an endless lattice, at least DARK of the largest. */
function leastCoverage(n, g, delta, sigma, kernel) {
  const parts = lookedAt(n, g, delta).map(
    ([first, size]) => coverage(bank(size, n, g - first, delta, sigma, kernel, "black")));
  const low = min(...parts.slice(0, 2).map((part) => part.reduce((a, b) => min(a, b))));
  const high = max(...parts.map((part) => part.reduce((a, b) => max(a, b))));
  return max(low, DARK * high);
}

/** The pixels of the box, as [first, how many]; of a large box both ends and the first filter's. */
function lookedAt(n, g, delta) {
  const half = n * delta / 2, first = ceil(g - half - TIE), last = floor(g + half + TIE);
  if (first > last) return [[round(g), 1]];
  if (last - first < LATTICE) return [[first, last - first + 1]];
  return [[first, LATTICE], [last + 1 - LATTICE, LATTICE], [round(g - (n - 1) / 2 * delta) - 1, 3]];
}

/** The bank divided by its coverage, with which a flat patch is written flat in its box and fades outside. */
function flattened(F, least) {
  const cover = coverage(F), weights = new Float64Array(F.weights.length);
  for (let i = 0; i < F.n; i++) {
    for (let k = 0; k < F.width; k++) {
      weights[i * F.width + k] = F.weights[i * F.width + k] / max(cover[F.start[i] + k], least);
    }
  }
  return {...F, weights};
}

/** C = Fx' P Fy / gamma with flattened banks, as `glimpse write` restores a patch; `out` is memory to use. */
function restore(patch, window, {rows, cols}, [Fx, Fy] = banks(window, {rows, cols}), out = null) {
  const {gx, gy, delta, sigma, n, kernel, gamma} = window, c = patch.channels;
  const down = flattened(Fx, leastCoverage(n[0], gx, delta[0], sigma[0], kernel));
  const across = flattened(Fy, leastCoverage(n[1], gy, delta[1], sigma[1], kernel));
  const data = out?.length === rows * cols * c ? out.fill(0) : new Float32Array(rows * cols * c);
  const [left, right] = span(Fy), line = (right - left) * c, wide = new Float32Array(Fx.n * line);
  for (let i = 0; i < Fx.n; i++) spreadLine(wide, i * line - left * c, patch.data, i * Fy.n * c, across, c, gamma);
  const sums = new Float64Array(line);
  for (let a = 0, first = 0, last = 0; a < rows; a++) { // the filters from first to before last touch row a
    while (last < Fx.n && Fx.start[last] <= a) last++;
    while (first < last && Fx.start[first] + Fx.width <= a) first++;
    if (first === last) continue;
    const weights = Float64Array.from({length: last - first}, (_, i) => down.weights[(first + i) * Fx.width + a - Fx.start[first + i]]);
    mix(sums, wide, first * line, line, weights);
    data.set(sums, (a * cols + left) * c);
  }
  return {rows, cols, channels: c, data};
}

/** One row of a patch spread over the columns; column 0 would be at `at`. */
function spreadLine(wide, at, data, from, Fy, c, gamma) {
  for (let j = 0; j < Fy.n; j++) {
    for (let b = 0; b < c; b++) {
      const sample = data[from + j * c + b] / gamma, first = at + Fy.start[j] * c + b;
      for (let k = 0; k < Fy.width; k++) wide[first + k * c] += sample * Fy.weights[j * Fy.width + k];
    }
  }
}

/** F F' of the filters from `first` to before `last`: is the transpose an inverse? */
function gram(F, first = 0, last = F.n) {
  const n = last - first, data = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) data[i * n + j] = data[j * n + i] = product(F, first + i, first + j);
  }
  return {rows: n, cols: n, channels: 1, data};
}

/** The inner product of two filters. */
function product(F, i, j) {
  const shift = F.start[j] - F.start[i];
  let sum = 0;
  for (let k = max(0, -shift); k < min(F.width, F.width - shift); k++) {
    sum += F.weights[j * F.width + k] * F.weights[i * F.width + k + shift];
  }
  return sum;
}

/** Levels of 0 to 255, rounded to the nearest and cut, as a PNG holds them. */
const toLevels = ({data, ...shape}) => ({...shape, data: Uint8ClampedArray.from(data)});

/** The window that sees on an image reduced `scale` times what `window` sees on the whole. */
function reduced(window, scale) {
  const place = (g) => (g + 0.5) / scale - 0.5, blur = (scale ** 2 - 1) / 12;
  return {
    ...window,
    gx: place(window.gx),
    gy: place(window.gy),
    delta: window.delta.map((stride) => stride / scale),
    sigma: window.sigma.map((width) => scale === 1 ? width : sqrt(max(width ** 2 - blur, 1e-6)) / scale),
  };
}
