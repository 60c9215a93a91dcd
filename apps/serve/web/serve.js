'use strict';
// The page of `pix2vox serve`: sends pictures, shows what comes back. Addresses and answers are
// those of apps/serve/service.h.

const element = (id) => document.getElementById(id);

const orbit = new Orbit();
const voxelView = new VoxelView(element('voxels'), orbit);
const meshView = new VoxelView(element('mesh'), orbit, [0.8, 0.6, 0.4]);
const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)').matches;

let results = [];  // {name, n, volume, views, warnings}
let shown = null;
let threshold = 0.3;
let model = null;

function say(text) {
  element('status').textContent = text;
}

function complain(text) {
  element('error').textContent = text;
}

const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

// Asks again while the server is busy.
async function ask(address, options) {
  for (let attempt = 1; ; ++attempt) {
    let answer;
    try {
      answer = await fetch(address, options);
    } catch {
      throw new Error('The server does not answer. Is it still running?');
    }
    if (answer.ok) return answer;
    if (answer.status === 503 && attempt < 6) {
      await wait(Number(answer.headers.get('Retry-After')) || 1);
      continue;
    }
    const text = await answer.text();
    let reason = text.trim();
    try {
      reason = JSON.parse(text).error;
    } catch { /* plain text */ }
    throw new Error(reason || `The server said ${answer.status}.`);
  }
}

// ---- Pictures in

async function predict(files) {
  const form = new FormData();
  for (const file of files) form.append('view', file, file.name || 'picture');
  const answer = await (await ask('/api/v1/predict', { method: 'POST', body: form })).json();
  return { ...answer, name: files[0].name || 'picture', volume: bytesOfBase64(answer.volume) };
}

let round = 0;
async function take(files) {
  files = [...files].filter((file) => file.size > 0);
  if (files.length === 0) return;
  const mine = ++round;
  const each = element('kind-each').checked;
  const groups = each ? files.map((file) => [file]) : [files];
  const found = [], failures = [];
  complain('');
  for (const [i, group] of groups.entries()) {
    say(groups.length > 1 ? `Object ${i + 1} of ${groups.length} …` : 'Predicting …');
    try {
      found.push(await predict(group));
    } catch (error) {
      failures.push(`${group.map((file) => file.name).join(', ')}: ${error.message}`);
    }
    if (mine !== round) return;  // other pictures were dropped meanwhile
  }
  complain(failures.join('\n'));
  if (found.length === 0) {
    say('');
    return;
  }
  results = found;
  threshold = found[0].threshold;
  element('threshold').value = threshold;
  const seconds = found.reduce((sum, result) => sum + result.seconds, 0);
  say(`Done in ${seconds.toFixed(2)} s.`);
  listObjects();
  element('result').hidden = false;
  show(results[0]);
  element('result-title').focus({ preventScroll: true });
  element('result').scrollIntoView({ behavior: reducedMotion ? 'auto' : 'smooth', block: 'start' });
  orbit.spin(element('turn').checked);
}

element('files').addEventListener('change', (event) => {
  take(event.target.files);
  event.target.value = '';  // so that the same picture can be chosen again
});
for (const name of ['dragover', 'dragleave', 'drop'])
  document.addEventListener(name, (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    element('drop').classList.toggle('over', name === 'dragover');
    if (name === 'drop') take(event.dataTransfer.files);
  });
document.addEventListener('paste', (event) => take(event.clipboardData.files));

// ---- The result

function listObjects() {
  const buttons = results.map((result) => {
    const button = document.createElement('button'), picture = document.createElement('img');
    button.type = 'button';
    picture.src = result.views[0].cut_out;
    picture.alt = '';
    button.append(picture, result.name);
    button.addEventListener('click', () => show(result));
    return button;
  });
  element('objects').replaceChildren(...(results.length > 1 ? buttons : []));
}

function show(result) {
  shown = result;
  [...element('objects').children].forEach((button, i) =>
    button.setAttribute('aria-pressed', String(results[i] === result)));
  element('inputs').replaceChildren(...result.views.flatMap((view, i) => [
    pictureOf(view.cut_out, `picture ${i + 1}, cut out`, `found by ${view.found_by}`),
    pictureOf(view.input, `picture ${i + 1} as the network sees it`, 'the network sees'),
  ]));
  const findings = result.views.flatMap((view, i) => view.findings.filter((each) => !each.mended)
    .map((each) => (result.views.length > 1 ? `picture ${i + 1}: ` : '') + each.text));
  element('warnings').replaceChildren(...[...findings, ...result.warnings].map((text) => {
    const item = document.createElement('li');
    item.textContent = text;
    return item;
  }));
  draw();
}

function pictureOf(source, alternative, caption) {
  const figure = document.createElement('figure'), picture = document.createElement('img');
  picture.src = source;
  picture.alt = alternative;
  const text = document.createElement('figcaption');
  text.textContent = caption;
  figure.append(picture, text);
  return figure;
}

function draw() {
  element('threshold-text').textContent = threshold.toFixed(2);
  voxelView.showVolume(shown.volume, shown.n, threshold);
  const cut = Math.max(1, Math.ceil(threshold * 255 - 1e-6));
  const filled = shown.volume.reduce((count, v) => count + (v >= cut), 0);
  element('voxels-text').textContent =
    `${filled} of ${shown.n ** 3} filled` + (voxelView.works ? '' : ' (this browser has no WebGL 2 to draw them)');
  for (const button of element('downloads').querySelectorAll('button')) {
    const volume = ['npy', 'binvox'].includes(button.dataset.format);
    button.disabled = filled === 0 && !volume;
  }
  drawMesh(filled);
}

// The surface comes from the server, so that it is the one in the files. One request at a time;
// only the newest threshold counts.
let meshBusy = false, meshWanted = false;
async function drawMesh(filled) {
  if (filled === 0) {
    meshView.clear();
    element('mesh-text').textContent = 'no voxel reaches the threshold';
    return;
  }
  if (meshBusy) {
    meshWanted = true;
    return;
  }
  meshBusy = true;
  do {
    meshWanted = false;
    const result = shown;
    try {
      const { positions, indices } = readGlb(await (await exported(result, 'glb')).arrayBuffer());
      if (result === shown) {
        meshView.showMesh(positions, indices);
        element('mesh-text').textContent = `${indices.length / 3} triangles`;
      }
    } catch (error) {
      element('mesh-text').textContent = error.message;
    }
  } while (meshWanted);
  meshBusy = false;
}

function exported(result, format) {
  const address = `/api/v1/export?format=${format}&threshold=${threshold}`;
  return ask(address, { method: 'POST', headers: { 'Content-Type': 'application/octet-stream' }, body: result.volume });
}

// The first mesh of a binary glTF file as this server writes it, moved into the unit cube.
function readGlb(buffer) {
  const words = new DataView(buffer), jsonLength = words.getUint32(12, true);
  const json = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 20, jsonLength)));
  const start = 20 + jsonLength + 8, primitive = json.meshes[0].primitives[0];
  const read = (index, kind) => {
    const accessor = json.accessors[index], view = json.bufferViews[accessor.bufferView];
    const offset = start + (view.byteOffset ?? 0) + (accessor.byteOffset ?? 0);
    return new kind(buffer.slice(offset, offset + accessor.count * (kind === Float32Array ? 12 : 4)));
  };
  const accessor = json.accessors[primitive.attributes.POSITION];
  const positions = read(primitive.attributes.POSITION, Float32Array);
  const indices = read(primitive.indices, Uint32Array);
  const size = Math.max(...[0, 1, 2].map((k) => accessor.max[k] - accessor.min[k]));
  const scale = size > 1.001 ? 1 / size : 1;
  for (let i = 0; i < positions.length; ++i) {
    const k = i % 3, low = accessor.min[k];
    if (size > 1.001) positions[i] = (positions[i] - low) * scale + (1 - (accessor.max[k] - low) * scale) / 2;
  }
  return { positions, indices };
}

// ---- Controls

element('threshold').addEventListener('input', (event) => {
  threshold = Number(event.target.value);
  if (shown) draw();
});
element('wireframe').addEventListener('change', (event) => {
  voxelView.wireframe = meshView.wireframe = event.target.checked;
});
element('turn').checked = !reducedMotion;
element('turn').addEventListener('change', (event) => orbit.spin(event.target.checked));

function listDownloads(formats) {
  element('downloads').replaceChildren('Download ', ...formats.map((format) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.dataset.format = format;
    button.id = `save-${format}`;
    button.textContent = `.${format}`;
    button.addEventListener('click', async () => {
      try {
        const name = shown.name.replace(/\.[^.]*$/, '').replace(/[^A-Za-z0-9_-]+/g, '_') || 'object';
        saveFile(await (await exported(shown, format)).blob(), `${name}.${format}`);
      } catch (error) {
        complain(error.message);
      }
    });
    return button;
  }));
}

(async () => {
  try {
    model = await (await ask('/api/v1/model')).json();
    element('model').textContent = `${model.weights}: ${model.name}, ` +
      `${model.n_vox}×${model.n_vox}×${model.n_vox} voxels`;
    listDownloads(model.formats);
    document.body.dataset.ready = 'yes';
  } catch (error) {
    complain(error.message);
  }
})();
element('curl').textContent = [
  `curl --data-binary @chair.png ${location.origin}/api/v1/predict`,
  `curl -F view=@front.png -F view=@side.png ${location.origin}/api/v1/predict`,
  `curl --data-binary @chair.png ${location.origin}/api/v1/predict | jq -r .volume | base64 -d > chair.u8`,
  `curl --data-binary @chair.u8 '${location.origin}/api/v1/export?format=stl&threshold=0.3' -o chair.stl`,
].join('\n');
