// The patch as a file, its record inside.

const CRC = Uint32Array.from({length: 256}, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

/** A chunk of a PNG: its length, name, bytes and checksum. */
function chunk(name, bytes) {
  const out = new Uint8Array(bytes.length + 12), numbers = new DataView(out.buffer);
  numbers.setUint32(0, bytes.length);
  out.set([...name].map((c) => c.charCodeAt(0)), 4);
  out.set(bytes, 8);
  const crc = out.subarray(4, -4).reduce((sum, byte) => CRC[(sum ^ byte) & 255] ^ (sum >>> 8), 0xffffffff);
  numbers.setUint32(out.length - 4, ~crc >>> 0);
  return out;
}

/** 8-bit grey or RGB as PNG, the record in its text. */
async function png({rows, cols, channels, data}, text) {
  const head = new Uint8Array(13), sizes = new DataView(head.buffer), line = cols * channels;
  sizes.setUint32(0, cols);
  sizes.setUint32(4, rows);
  head.set([8, channels === 1 ? 0 : 2], 8);
  const lines = new Uint8Array(rows * (line + 1)); // a line begins with its filter, none
  for (let row = 0; row < rows; row++) lines.set(data.subarray(row * line, (row + 1) * line), row * (line + 1) + 1);
  const deflated = new Blob([lines]).stream().pipeThrough(new CompressionStream("deflate"));
  const body = new Uint8Array(await new Response(deflated).arrayBuffer());
  const words = new TextEncoder().encode(`glimpse\0${text}`);
  return new Blob([
    Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10),
    chunk("IHDR", head), chunk("tEXt", words), chunk("IDAT", body), chunk("IEND", new Uint8Array()),
  ], {type: "image/png"});
}

async function save() {
  const patch = toLevels(read(image, reduced(state, fact.scale)));
  saveFile(await png(patch, record()), `${fact.source.replace(/\.[^.]*$/, "") || "glimpse"}-patch.png`);
}
