'use strict';
// Builds the page from the runs in the element `data`, which is JSON (pix2vox/report/report.h).

const runs = JSON.parse(document.getElementById('data').textContent);
const colors = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => `var(--c${i})`);

// make('p.faint', {title: '...'}, 'text', child, ...)
function make(kind, attributes = {}, ...children) {
  const [tag, ...classes] = kind.split('.');
  const element = document.createElement(tag);
  if (classes.length > 0) element.className = classes.join(' ');
  for (const [key, value] of Object.entries(attributes))
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(key, value === true ? '' : value);
  element.append(...children);
  return element;
}

function section(id, title, ...children) {
  return make('section.card', { id, 'aria-labelledby': `${id}-title` },
    make('h2', { id: `${id}-title` }, title), ...children);
}

function table(head, rows) {
  return make('div.table', { tabindex: 0, role: 'region', 'aria-label': head.join(', ') },
    make('table', {}, make('thead', {}, make('tr', {}, ...head.map((h) => make('th', { scope: 'col' }, h)))),
      make('tbody', {}, ...rows)));
}

function row(cells, kind = 'tr') {
  return make(kind, {}, ...cells.map((cell) => cell instanceof Node ? cell : make('td', {}, String(cell))));
}

const fixed = (value, digits = 4) => Number.isFinite(value) ? value.toFixed(digits) : '–';

function duration(seconds) {
  if (!Number.isFinite(seconds)) return '–';
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
}

// ---- Curves

function column(run, name) {
  const i = run.metrics.columns.indexOf(name);
  return i < 0 ? null : run.metrics.rows.map((cells) => cells[i]);
}

const epochsOf = (run) => column(run, 'epoch') ?? [];

// One x axis for all runs: every epoch that any of them has.
function sharedEpochs() {
  return [...new Set(runs.flatMap(epochsOf))].sort((a, b) => a - b);
}

function onAxis(run, values, axis) {
  const at = new Map(epochsOf(run).map((epoch, i) => [epoch, values[i]]));
  return axis.map((epoch) => at.get(epoch) ?? null);
}

// The columns of one quantity, each run's in its own colour where there are several.
function seriesOf(names, axis) {
  const several = runs.length > 1, result = [];
  runs.forEach((run, r) => {
    names.forEach(({ name, label, dashed }, k) => {
      const values = column(run, name);
      if (!values || !values.some(Number.isFinite)) return;
      result.push({
        name: several ? `${run.name}: ${label}` : label,
        values: onAxis(run, values, axis),
        color: colors[(several ? r : k) % colors.length],
        dashed: several ? k % 2 === 1 : Boolean(dashed),
      });
    });
  });
  return result;
}

function categorySeries(run, axis) {
  return run.categories.columns.slice(1).map((name, k) => ({
    name, color: colors[k % colors.length], dashed: k >= colors.length,
    values: onAxisBy(run.categories.rows.map((cells) => cells[0]),
      run.categories.rows.map((cells) => cells[k + 1]), axis),
  }));
}

function onAxisBy(epochs, values, axis) {
  const at = new Map(epochs.map((epoch, i) => [epoch, values[i]]));
  return axis.map((epoch) => at.get(epoch) ?? null);
}

function curves() {
  const axis = sharedEpochs();
  if (axis.length === 0) return null;
  const names = [...new Set(runs.flatMap((run) => run.metrics.columns))];
  const iou = names.filter((n) => n.startsWith('iou_at_'))
    .map((name) => ({ name, label: `threshold ${name.slice(7)}` }));
  const rates = names.filter((n) => n.startsWith('learning_rate_'))
    .map((name) => ({ name, label: name.slice(14) }));
  const charts = [
    { title: 'Loss', names: [
      { name: 'loss_merged', label: 'training, merged' },
      { name: 'loss_refined', label: 'training, refined' },
      { name: 'validation_loss_merged', label: 'validation, merged', dashed: true },
      { name: 'validation_loss_refined', label: 'validation, refined', dashed: true }] },
    { title: 'IoU on the validation split, by threshold',
      names: runs.length > 1 ? [{ name: 'mean_iou', label: 'mean' }] : iou, low: 0 },
    { title: 'Learning rate', names: rates, low: 0 },
    { title: 'Share of the time spent waiting for data', low: 0, high: 1,
      names: [{ name: 'data_wait_share', label: 'data wait' }] },
    { title: 'Samples per second', low: 0, names: [{ name: 'samples_per_second', label: 'samples/s' }] },
  ];
  const cards = [];
  for (const { title, names: wanted, low = null, high = null } of charts) {
    const series = seriesOf(wanted, axis);
    if (series.length > 0) cards.push(make('div.card', {}, lineChart({ title, series, x: axis, low, high })));
  }
  for (const run of runs) {
    if (run.categories.rows.length === 0) continue;
    const title = 'IoU by category, mean over thresholds' + (runs.length > 1 ? `: ${run.name}` : '');
    cards.splice(2, 0, make('div.card', {}, lineChart({ title, series: categorySeries(run, axis), x: axis, low: 0 })));
  }
  return section('curves', 'Curves',
    make('p.faint', {}, 'Point at a curve, or focus it and press the arrow keys, to read an epoch. ' +
      'The names below a chart show and hide its lines.'),
    make('div.charts', {}, ...cards));
}

// ---- Overview and configuration

function bestEpoch(run) {
  const iou = column(run, 'mean_iou');
  if (!iou || !iou.some(Number.isFinite)) return -1;
  return iou.reduce((best, v, i) => Number.isFinite(v) && (best < 0 || v > iou[best]) ? i : best, -1);
}

function overviewOf(run) {
  const best = bestEpoch(run), epochs = epochsOf(run);
  const sum = (values) => (values ?? []).filter(Number.isFinite).reduce((a, b) => a + b, 0);
  const numbers = [['epochs', `${epochs.length} of ${run.config['train.epochs'] ?? '?'}`]];
  if (best >= 0) {
    numbers.push(['mean IoU, best epoch', fixed(column(run, 'mean_iou')[best])]);
    numbers.push(['best epoch', epochs[best]]);
    numbers.push(['threshold', run.threshold]);
  }
  numbers.push(['training time', duration(sum(column(run, 'seconds')))]);
  return numbers;
}

function overview() {
  if (runs.length === 1)
    return section('overview', 'Overview', make('div.numbers', {},
      ...overviewOf(runs[0]).map(([label, value]) =>
        make('div', {}, make('b', {}, String(value)), make('span.faint', {}, label)))));
  const head = ['run', 'epochs', 'best epoch', 'mean IoU', 'threshold', 'time'];
  return section('overview', 'Runs', table(head, runs.map((run) => {
    const values = Object.fromEntries(overviewOf(run));
    return row([run.name, values.epochs, values['best epoch'] ?? '–',
      values['mean IoU, best epoch'] ?? '–', values.threshold ?? '–', values['training time']]);
  })));
}

function configuration() {
  const keys = [...new Set(runs.flatMap((run) => Object.keys(run.config)))];
  const rows = keys.map((key) => {
    const values = runs.map((run) => run.config[key] ?? '–');
    const differs = new Set(values).size > 1;
    return { differs, element: row([key, ...values.map((v) => make(differs ? 'td.differs' : 'td', {}, v))]) };
  });
  rows.sort((a, b) => Number(b.differs) - Number(a.differs));
  const head = runs.length > 1 ? ['key', ...runs.map((run) => run.name)] : ['key', 'value'];
  return section('configuration', 'Configuration', make('details', { open: runs.length > 1 },
    make('summary', {}, runs.length > 1 ? 'What differs stands first' : `All ${keys.length} keys`),
    table(head, rows.map((each) => each.element))));
}

// ---- Tables of measures

function measures() {
  const parts = [];
  for (const run of runs)
    for (const each of run.tables) {
      const head = ['category', 'objects', ...each.columns];
      parts.push(make('h3', {}, (runs.length > 1 ? `${run.name}: ` : '') + each.title),
        table(head, each.rows.map((r) => {
          const tr = row([r.name, r.objects, ...r.values.map((v) => fixed(v))]);
          if (r.strong) tr.className = 'strong';
          return tr;
        })), make('p.faint', {}, each.note));
    }
  return parts.length > 0 ? section('tables', 'Measures', ...parts) : null;
}

// ---- Viewer

function volumeViewer() {
  const withSamples = runs.filter((run) => run.samples && run.samples.objects.length > 0);
  if (withSamples.length === 0) return null;
  const body = section('viewer', 'Prediction beside truth');
  if (typeof DecompressionStream === 'undefined') {
    body.append(make('p.error', {}, 'This browser is too old to unpack the volumes.'));
    return body;
  }
  const orbit = new Orbit();
  const state = { run: withSamples[0], object: 0, epoch: 0, threshold: 0.3 };
  const canvas = (label) => make('canvas.voxels', { role: 'img', 'aria-label': label });
  const seen = make('img.seen', { alt: 'the picture that the network sees' });
  const predictedCanvas = canvas('predicted voxels'), truthCanvas = canvas('true voxels');
  const predictedText = make('span', {}), truthText = make('span', {});
  const status = make('p', { role: 'status', id: 'viewer-status' });

  const choice = (label, id, names, act) => {
    const select = make('select', { id, onchange: () => act(select.selectedIndex) },
      ...names.map((name, i) => make('option', { value: i }, name)));
    return make('label', {}, `${label} `, select);
  };
  const slider = (label, id, options, act) => {
    const output = make('output', { for: id });
    const input = make('input', { type: 'range', id, ...options, oninput: () => act(Number(input.value)) });
    return { element: make('label.wide', {}, label, ' ', output, input), input, output };
  };

  const objects = make('span', {});
  const threshold = slider('threshold', 'threshold', { min: 0.01, max: 0.99, step: 0.01 }, (value) => {
    state.threshold = value;
    update();
  });
  const epoch = slider('epoch', 'epoch', { min: 0, max: 0, step: 1 }, (value) => {
    state.epoch = value;
    update();
  });
  const wire = make('input', { type: 'checkbox', id: 'wireframe', onchange: () => {
    predicted.wireframe = truth.wireframe = wire.checked;
  } });
  const turn = make('input', { type: 'checkbox', id: 'turn', onchange: () => orbit.spin(turn.checked) });
  const save = (name, act) => make('button', { type: 'button', id: `save-${name}`, onclick: async () => {
    const volume = await volumeNow();
    saveFile(act(volume, state.run.samples.n), `${fileName()}.${name}`);
  } }, `.${name}`);

  body.append(
    make('p.faint', {}, 'Drag or use the arrow keys to turn, the wheel or + and - to zoom, Home to go back.'),
    make('div.views', {},
      make('figure', {}, predictedCanvas, make('figcaption', {}, 'prediction: ', predictedText)),
      make('figure', {}, truthCanvas, make('figcaption', {}, 'truth: ', truthText)),
      make('figure', {}, seen, make('figcaption', {}, 'what the network sees'))),
    status,
    make('div.controls', {}, objects, threshold.element, epoch.element),
    make('div.controls', {}, make('label', {}, wire, ' wireframe'), make('label', {}, turn, ' turn'),
      make('span', {}, 'download '), save('binvox', (v, n) => binvoxFile(v, n, state.threshold)),
      save('npy', npyFile)));

  const predicted = new VoxelView(predictedCanvas, orbit, [0.36, 0.58, 0.8]);
  const truth = new VoxelView(truthCanvas, orbit, [0.45, 0.66, 0.45]);
  if (!predicted.works) status.textContent = 'This browser has no WebGL 2: the volumes cannot be drawn.';

  const cache = new Map();
  function unpackedOnce(text) {
    if (!cache.has(text)) cache.set(text, unpacked(text));
    return cache.get(text);
  }
  const volumeNow = () => unpackedOnce(state.run.samples.epochs[state.epoch].volumes[state.object]);
  function fileName() {
    const object = state.run.samples.objects[state.object];
    return `${object.category}-epoch-${state.run.samples.epochs[state.epoch].epoch}`
      .replace(/[^A-Za-z0-9_-]+/g, '_');
  }

  let request = 0;
  async function update() {
    const mine = ++request, { samples } = state.run, object = samples.objects[state.object];
    threshold.output.textContent = state.threshold.toFixed(2);
    epoch.output.textContent = `${samples.epochs[state.epoch].epoch}`;
    const [volume, real] = await Promise.all([volumeNow(), unpackedOnce(object.truth)]);
    if (mine !== request) return;  // something newer was asked for
    if (seen.getAttribute('src') !== object.input) {
      seen.src = object.input;
      await seen.decode().catch(() => {});  // the picture's size decides the layout
      if (mine !== request) return;
    }
    predicted.showVolume(volume, samples.n, state.threshold);
    truth.showVolume(real, samples.n, 0.5);
    const cut = Math.max(1, Math.ceil(state.threshold * 255 - 1e-6));
    let both = 0, either = 0;
    for (let i = 0; i < volume.length; ++i) {
      const p = volume[i] >= cut, t = real[i] >= 128;
      both += p && t;
      either += p || t;
    }
    predictedText.textContent = `${predicted.occupied} voxels`;
    truthText.textContent = `${truth.occupied} voxels`;
    if (predicted.works) status.textContent = `IoU ${fixed(either ? both / either : 1)}`;
    body.dataset.ready = String(mine);
  }

  function openRun(run) {
    const { samples } = run;
    Object.assign(state, { run, object: 0, epoch: samples.epochs.length - 1, threshold: run.threshold });
    const names = samples.objects.map((o, i) => `${i + 1}: ${o.category} ${o.object}`);
    objects.replaceChildren(choice('object', 'object', names, (i) => {
      state.object = i;
      update();
    }));
    epoch.input.max = samples.epochs.length - 1;
    epoch.input.value = state.epoch;
    epoch.input.disabled = samples.epochs.length < 2;
    threshold.input.value = state.threshold;
    update();
  }

  if (withSamples.length > 1)
    body.querySelector('.controls').prepend(choice('run', 'run', withSamples.map((r) => r.name),
      (i) => openRun(withSamples[i])));
  openRun(state.run);
  return body;
}

// ---- Gallery

function gallery() {
  const pictures = runs.flatMap((run) => run.gallery.map((each) => make('figure', {},
    make('img', { src: each.source, alt: each.title, loading: 'lazy' }),
    make('figcaption', {}, (runs.length > 1 ? `${run.name}: ` : '') + each.title))));
  return pictures.length > 0 ? section('gallery', 'Gallery', make('div.gallery', {}, ...pictures)) : null;
}

function notes() {
  const lines = runs.flatMap((run) => run.notes.map((text) => make('li', {},
    (runs.length > 1 ? `${run.name}: ` : '') + text)));
  return lines.length > 0 ? section('notes', 'Notes', make('ul', {}, ...lines)) : null;
}

const parts = [overview(), curves(), measures(), volumeViewer(), gallery(), configuration(), notes()]
  .filter((part) => part !== null);
document.getElementById('report').append(...parts);
document.querySelector('nav').append(...parts.map((part) =>
  make('a', { href: `#${part.id}` }, part.querySelector('h2').textContent)));
