'use strict';
// Volumes as files to download. Volumes are probabilities 0..255, [x][y][z], y up.

// The voxels of at least the threshold, as other programs for voxels read them: y fastest, in runs.
function binvoxFile(values, n, threshold) {
  const cut = Math.max(1, Math.ceil(threshold * 255 - 1e-6)), runs = [];
  let value = -1, length = 0;
  const flush = () => {
    if (length > 0) runs.push(value, length);
    length = 0;
  };
  for (let x = 0; x < n; ++x)
    for (let z = 0; z < n; ++z)
      for (let y = 0; y < n; ++y) {
        const next = values[(x * n + y) * n + z] >= cut ? 1 : 0;
        if (next !== value || length === 255) flush();
        value = next;
        ++length;
      }
  flush();
  const header = `#binvox 1\ndim ${n} ${n} ${n}\ntranslate 0 0 0\nscale 1\ndata\n`;
  return new Blob([header, new Uint8Array(runs)]);
}

// NumPy's format: float32 probabilities.
function npyFile(values, n) {
  let header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${n}, ${n}, ${n}), }`;
  header = header.padEnd(128 - 10 - 1) + '\n';
  const start = new Uint8Array([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]);
  return new Blob([start, header, Float32Array.from(values, (v) => v / 255)]);
}

function saveFile(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function bytesOfBase64(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

// What was packed with zlib, as bytes.
async function unpacked(text) {
  const packed = new Blob([bytesOfBase64(text)]);
  const stream = packed.stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
