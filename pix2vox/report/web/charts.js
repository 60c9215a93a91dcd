'use strict';
// Line charts as SVG.
//
//   lineChart({ title, series: [{ name, values, color, dashed }], x: [1, 2, ...], format })
//
// gives an element: the chart, what is under the pointer or the arrow keys, and a legend whose
// entries hide their lines. Values may be null: the line has a gap there.

const svgSpace = 'http://www.w3.org/2000/svg';

function svg(name, attributes = {}, text = '') {
  const element = document.createElementNS(svgSpace, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text) element.textContent = text;
  return element;
}

// Round numbers that cover low..high in about `count` steps.
function ticks(low, high, count) {
  const rough = (high - low) / count || 1, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((m) => m * power >= rough * 0.999) * power;
  const result = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; ++k)
    result.push(Number((k * step).toPrecision(12)));
  return result;
}

function shortNumber(value) {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) return value.toExponential(1).replace('e+', 'e');
  return String(Number(value.toPrecision(4)));
}

function lineChart({ title, series, x, format = shortNumber, low = null, high = null }) {
  const figure = document.createElement('figure');
  figure.className = 'chart';
  const heading = document.createElement('h3');
  heading.textContent = title;
  const place = document.createElement('div');
  const tip = document.createElement('div');
  tip.className = 'tip';
  tip.setAttribute('role', 'status');
  const legend = document.createElement('ul');
  legend.className = 'legend';
  figure.append(heading, place, tip, legend);

  const hidden = new Set();
  const width = 480, height = 240, left = 52, right = 10, top = 10, bottom = 28;
  let at = -1, moveCross = () => {};

  for (const line of series) {
    const item = document.createElement('li'), button = document.createElement('button');
    button.type = 'button';
    button.setAttribute('aria-pressed', 'true');
    const swatch = document.createElement('span');
    swatch.className = 'swatch' + (line.dashed ? ' dashed' : '');
    swatch.style.borderColor = line.color;
    button.append(swatch, line.name);
    button.addEventListener('click', () => {
      if (!hidden.delete(line)) hidden.add(line);
      button.setAttribute('aria-pressed', String(!hidden.has(line)));
      draw();
    });
    item.append(button);
    legend.append(item);
  }

  function limits(shown) {
    const all = shown.flatMap((line) => line.values).filter((v) => Number.isFinite(v));
    if (all.length === 0) return [0, 1];
    let [a, b] = [Math.min(...all), Math.max(...all)];
    if (low !== null) a = Math.min(low, a);
    if (high !== null) b = Math.max(high, b);
    if (a === b) [a, b] = [a - (Math.abs(a) * 0.1 || 0.5), b + (Math.abs(b) * 0.1 || 0.5)];
    const room = (b - a) * 0.05;
    return [low !== null && a === low ? a : a - room, high !== null && b === high ? b : b + room];
  }

  function draw() {
    const shown = series.filter((line) => !hidden.has(line));
    const [y0, y1] = limits(shown), x0 = x[0], x1 = x[x.length - 1];
    const px = (v) => left + (x1 === x0 ? 0.5 : (v - x0) / (x1 - x0)) * (width - left - right);
    const py = (v) => top + (1 - (v - y0) / (y1 - y0)) * (height - top - bottom);
    const chart = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', tabindex: 0 });
    for (const v of ticks(y0, y1, 5)) {
      chart.append(svg('line', { class: 'grid', x1: left, x2: width - right, y1: py(v), y2: py(v) }));
      chart.append(svg('text', { x: left - 6, y: py(v) + 4, 'text-anchor': 'end' }, shortNumber(v)));
    }
    for (const v of ticks(x0, x1, 6).filter(Number.isInteger))
      chart.append(svg('text', { x: px(v), y: height - 8, 'text-anchor': 'middle' }, String(v)));
    chart.append(svg('line', { class: 'axis', x1: left, x2: width - right, y1: height - bottom,
      y2: height - bottom }));
    for (const line of shown) {
      let path = '', alone = [];
      line.values.forEach((v, i) => {
        if (!Number.isFinite(v)) return;
        const before = Number.isFinite(line.values[i - 1]), after = Number.isFinite(line.values[i + 1]);
        path += `${before ? 'L' : 'M'}${px(x[i]).toFixed(1)} ${py(v).toFixed(1)}`;
        if (!before && !after) alone.push([px(x[i]), py(v)]);
      });
      const drawn = svg('path', { d: path || 'M0 0' });
      drawn.style.stroke = line.color;
      if (line.dashed) drawn.setAttribute('stroke-dasharray', '5 4');
      chart.append(drawn);
      for (const [cx, cy] of alone) {
        const dot = svg('circle', { cx, cy, r: 3 });
        dot.style.fill = line.color;
        chart.append(dot);
      }
    }
    const cross = svg('line', { class: 'cross', y1: top, y2: height - bottom });
    chart.append(cross);
    moveCross = () => {
      cross.setAttribute('visibility', at < 0 ? 'hidden' : 'visible');
      if (at >= 0) for (const end of ['x1', 'x2']) cross.setAttribute(end, px(x[at]));
      chart.setAttribute('aria-label', `${title}: ${describe()}`);
    };
    moveCross();
    const focused = place.contains(document.activeElement);
    chart.addEventListener('pointermove', (event) => {
      const box = chart.getBoundingClientRect();
      const v = x0 + ((event.clientX - box.left) / box.width * width - left) /
        (width - left - right) * (x1 - x0);
      look(nearest(v));
    });
    chart.addEventListener('pointerleave', () => look(-1));
    chart.addEventListener('keydown', (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      look(Math.max(0, Math.min(x.length - 1, at < 0 ? x.length - 1 : at + step)));
    });
    place.replaceChildren(chart);
    if (focused) chart.focus();
  }

  function nearest(v) {
    let best = 0;
    x.forEach((each, i) => {
      if (Math.abs(each - v) < Math.abs(x[best] - v)) best = i;
    });
    return best;
  }

  function describe() {
    const i = at < 0 ? x.length - 1 : at;
    const parts = series.filter((line) => !hidden.has(line) && Number.isFinite(line.values[i]))
      .map((line) => `${line.name} ${format(line.values[i])}`);
    return `epoch ${x[i]}: ${parts.join(', ')}`;
  }

  function look(index) {
    if (index === at) return;
    at = index;
    tip.textContent = at < 0 ? '' : describe();
    moveCross();
  }

  draw();
  return figure;
}
