'use strict';
// Draws volumes as blocks, and triangle meshes, with WebGL 2.
//
//   const orbit = new Orbit();                       // where the camera stands; views may share one
//   const view = new VoxelView(canvas, orbit);
//   view.showVolume(bytes, n, threshold);            // probabilities 0..255, [x][y][z], y up
//   view.showMesh(positions, indices);               // inside the unit cube
//   view.wireframe = true;
//
// Dragging turns, the wheel and two fingers zoom; with the keyboard: arrows, + and -, Home.

// The camera looks at the middle of the cube: azimuth from +z towards +x, elevation above the
// horizon, both in degrees.
class Orbit {
  constructor() {
    this.views = new Set();
    this.spinning = false;
    this.home();
  }

  home() {
    this.azimuth = 35;
    this.elevation = 27;
    this.distance = 2.6;
    this.changed();
  }

  turn(azimuth, elevation) {
    this.azimuth = (this.azimuth + azimuth) % 360;
    this.elevation = Math.max(-85, Math.min(85, this.elevation + elevation));
    this.changed();
  }

  zoom(factor) {
    this.distance = Math.max(1.2, Math.min(8, this.distance * factor));
    this.changed();
  }

  // Turns by itself until told otherwise.
  spin(on) {
    if (on === this.spinning) return;
    this.spinning = on;
    let last = performance.now();
    const step = (now) => {
      if (!this.spinning) return;
      this.turn((now - last) * 0.03, 0);
      last = now;
      requestAnimationFrame(step);
    };
    if (on) requestAnimationFrame(step);
  }

  changed() {
    for (const view of this.views) view.requestDraw();
  }
}

const viewerVertexShader = `#version 300 es
in vec3 position;
in vec3 normal;
in float light;
uniform mat4 camera;
out vec3 n;
out float ambient;
out vec3 p;
void main() {
  n = normal;
  ambient = light;
  p = position;
  gl_Position = camera * vec4(position, 1.0);
}`;

const viewerFragmentShader = `#version 300 es
precision highp float;
in vec3 n;
in float ambient;
in vec3 p;
uniform vec3 color;
uniform vec3 eye;
uniform float shade;  // 0: plain colour, for lines
out vec4 result;
void main() {
  vec3 normal = normalize(n + vec3(1e-9));
  vec3 toEye = normalize(eye - p);
  float key = max(dot(normal, normalize(vec3(0.45, 0.85, 0.55))), 0.0);
  float fill = max(dot(normal, toEye), 0.0);
  float lit = 0.34 + 0.24 * (0.5 + 0.5 * normal.y) + 0.42 * key + 0.12 * fill;
  vec3 shaded = color * lit * mix(0.55, 1.0, ambient);
  result = vec4(mix(color, shaded, shade), 1.0);
}`;

// The faces between occupied and empty voxels. Each corner is darkened by the voxels that meet
// there. data: x, y, z, normal, light for every corner.
function blockFaces(values, n, threshold) {
  const cut = Math.max(1, Math.ceil(threshold * 255 - 1e-6));
  const full = (x, y, z) =>
    x >= 0 && y >= 0 && z >= 0 && x < n && y < n && z < n && values[(x * n + y) * n + z] >= cut;
  const data = [], triangles = [], lines = [];
  let occupied = 0;
  const cell = [0, 0, 0];
  for (cell[0] = 0; cell[0] < n; ++cell[0])
    for (cell[1] = 0; cell[1] < n; ++cell[1])
      for (cell[2] = 0; cell[2] < n; ++cell[2]) {
        if (!full(cell[0], cell[1], cell[2])) continue;
        ++occupied;
        for (let axis = 0; axis < 3; ++axis)
          for (const side of [-1, 1]) {
            const beyond = cell.slice();
            beyond[axis] += side;
            if (!full(beyond[0], beyond[1], beyond[2])) addFace(beyond, axis, side);
          }
      }
  return { data: new Float32Array(data), triangles: new Uint32Array(triangles),
    lines: new Uint32Array(lines), occupied };

  function addFace(beyond, axis, side) {
    const u = (axis + 1) % 3, v = (axis + 2) % 3, first = data.length / 7, lights = [];
    for (const [a, b] of [[0, 0], [1, 0], [1, 1], [0, 1]]) {
      const corner = cell.slice();
      corner[axis] += side > 0 ? 1 : 0;
      corner[u] += a;
      corner[v] += b;
      const s = beyond.slice(), t = beyond.slice(), c = beyond.slice();
      s[u] += a ? 1 : -1;
      t[v] += b ? 1 : -1;
      c[u] = s[u];
      c[v] = t[v];
      const along = full(s[0], s[1], s[2]), across = full(t[0], t[1], t[2]);
      const covered = along && across ? 3 : along + across + full(c[0], c[1], c[2]);
      lights.push(1 - covered / 3);
      data.push(corner[0] / n, corner[1] / n, corner[2] / n);
      for (let k = 0; k < 3; ++k) data.push(k === axis ? side : 0);
      data.push(1 - covered / 3);
    }
    // The diagonal goes between the darker corners, so that the shade looks the same all around.
    const turn = lights[0] + lights[2] > lights[1] + lights[3] ? 1 : 0;
    const q = [0, 1, 2, 3].map((k) => first + ((k + turn) % 4));
    triangles.push(q[0], q[1], q[2], q[0], q[2], q[3]);
    lines.push(q[0], q[1], q[1], q[2], q[2], q[3], q[3], q[0]);
  }
}

// A mesh in the same form, with smooth normals.
function meshFaces(positions, indices) {
  const count = positions.length / 3, normals = new Float32Array(positions.length);
  const lines = new Uint32Array(indices.length * 2);
  for (let i = 0; i < indices.length; i += 3) {
    const [a, b, c] = [indices[i] * 3, indices[i + 1] * 3, indices[i + 2] * 3];
    const p = [], q = [];
    for (let k = 0; k < 3; ++k) {
      p.push(positions[b + k] - positions[a + k]);
      q.push(positions[c + k] - positions[a + k]);
    }
    const normal = [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
    for (const corner of [a, b, c])
      for (let k = 0; k < 3; ++k) normals[corner + k] += normal[k];
    lines.set([indices[i], indices[i + 1], indices[i + 1], indices[i + 2], indices[i + 2],
      indices[i]], i * 2);
  }
  const data = new Float32Array(count * 7);
  for (let i = 0; i < count; ++i) {
    data.set(positions.subarray(i * 3, i * 3 + 3), i * 7);
    data.set(normals.subarray(i * 3, i * 3 + 3), i * 7 + 3);
    data[i * 7 + 6] = 1;
  }
  return { data, triangles: indices, lines };
}

class VoxelView {
  // `color`: of the object, red, green, blue in 0..1.
  constructor(canvas, orbit, color = [0.36, 0.58, 0.8]) {
    this.canvas = canvas;
    canvas.view = this;
    this.orbit = orbit;
    this.color = color;
    this.wireframe_ = false;
    this.occupied = 0;
    const gl = canvas.getContext('webgl2', { antialias: true, alpha: true });
    this.gl = gl;
    if (!gl) return;  // the page says so: see `works`
    this.start();
    orbit.views.add(this);
    this.listen();
    new ResizeObserver(() => this.requestDraw()).observe(canvas);
  }

  get works() {
    return this.gl !== null;
  }

  get wireframe() {
    return this.wireframe_;
  }

  set wireframe(on) {
    this.wireframe_ = on;
    this.requestDraw();
  }

  showVolume(values, n, threshold) {
    const faces = blockFaces(values, n, threshold);
    this.occupied = faces.occupied;
    this.show(faces);
  }

  showMesh(positions, indices) {
    this.show(meshFaces(positions, indices));
  }

  clear() {
    this.show({ data: new Float32Array(0), triangles: new Uint32Array(0), lines: new Uint32Array(0) });
  }

  show(faces) {
    this.faces = faces;
    if (!this.works) return;
    this.upload();
    this.requestDraw();
  }

  start() {
    const gl = this.gl;
    const program = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, viewerVertexShader],
      [gl.FRAGMENT_SHADER, viewerFragmentShader]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost())
      throw new Error(gl.getProgramInfoLog(program));
    this.program = program;
    this.uniforms = {};
    for (const name of ['camera', 'color', 'eye', 'shade'])
      this.uniforms[name] = gl.getUniformLocation(program, name);
    this.object = this.makeArrays();
    this.frame = this.makeArrays();
    this.fill(this.frame, cubeEdges());
  }

  makeArrays() {
    const gl = this.gl, arrays = { vao: gl.createVertexArray(), count: 0, lineCount: 0 };
    for (const name of ['data', 'triangles', 'lines']) arrays[name] = gl.createBuffer();
    gl.bindVertexArray(arrays.vao);
    gl.bindBuffer(gl.ARRAY_BUFFER, arrays.data);
    for (const [name, size, offset] of [['position', 3, 0], ['normal', 3, 12], ['light', 1, 24]]) {
      const place = gl.getAttribLocation(this.program, name);
      if (place < 0) continue;
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, size, gl.FLOAT, false, 28, offset);
    }
    gl.bindVertexArray(null);
    return arrays;
  }

  fill(arrays, faces) {
    const gl = this.gl;
    gl.bindVertexArray(null);
    gl.bindBuffer(gl.ARRAY_BUFFER, arrays.data);
    gl.bufferData(gl.ARRAY_BUFFER, faces.data, gl.DYNAMIC_DRAW);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, arrays.triangles);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, faces.triangles, gl.DYNAMIC_DRAW);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, arrays.lines);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, faces.lines, gl.DYNAMIC_DRAW);
    arrays.count = faces.triangles.length;
    arrays.lineCount = faces.lines.length;
  }

  upload() {
    this.fill(this.object, this.faces);
  }

  requestDraw() {
    if (!this.works || this.pending) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.draw();
    });
  }

  draw() {
    const gl = this.gl, canvas = this.canvas;
    if (gl.isContextLost()) return;
    const scale = Math.min(2, window.devicePixelRatio || 1);
    const width = Math.max(1, Math.round(canvas.clientWidth * scale));
    const height = Math.max(1, Math.round(canvas.clientHeight * scale));
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.enable(gl.DEPTH_TEST);
    gl.enable(gl.POLYGON_OFFSET_FILL);
    gl.polygonOffset(1, 1);
    gl.useProgram(this.program);
    const { matrix, eye } = cameraOf(this.orbit, width / height);
    gl.uniformMatrix4fv(this.uniforms.camera, false, matrix);
    gl.uniform3fv(this.uniforms.eye, eye);
    this.drawLines(this.frame, [0.62, 0.65, 0.7]);
    gl.bindVertexArray(this.object.vao);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.object.triangles);
    gl.uniform3fv(this.uniforms.color, this.color);
    gl.uniform1f(this.uniforms.shade, 1);
    gl.colorMask(!this.wireframe_, !this.wireframe_, !this.wireframe_, !this.wireframe_);
    gl.drawElements(gl.TRIANGLES, this.object.count, gl.UNSIGNED_INT, 0);
    gl.colorMask(true, true, true, true);
    if (this.wireframe_) this.drawLines(this.object, this.color);
    gl.bindVertexArray(null);
  }

  drawLines(arrays, color) {
    const gl = this.gl;
    gl.bindVertexArray(arrays.vao);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, arrays.lines);
    gl.uniform3fv(this.uniforms.color, color);
    gl.uniform1f(this.uniforms.shade, 0);
    gl.drawElements(gl.LINES, arrays.lineCount, gl.UNSIGNED_INT, 0);
  }

  listen() {
    const canvas = this.canvas, orbit = this.orbit, pointers = new Map();
    canvas.tabIndex = 0;
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, [event.clientX, event.clientY]);
    });
    const spread = () => {
      const [a, b] = [...pointers.values()];
      return Math.hypot(a[0] - b[0], a[1] - b[1]);
    };
    canvas.addEventListener('pointermove', (event) => {
      const last = pointers.get(event.pointerId);
      if (!last) return;
      const before = pointers.size === 2 ? spread() : 0;
      pointers.set(event.pointerId, [event.clientX, event.clientY]);
      if (pointers.size === 1)
        orbit.turn((last[0] - event.clientX) * 0.5, (event.clientY - last[1]) * 0.5);
      else if (pointers.size === 2 && spread() > 0) orbit.zoom(before / spread());
    });
    for (const name of ['pointerup', 'pointercancel'])
      canvas.addEventListener(name, (event) => pointers.delete(event.pointerId));
    canvas.addEventListener('wheel', (event) => {
      event.preventDefault();
      orbit.zoom(Math.exp(event.deltaY * 0.001));
    }, { passive: false });
    const keys = {
      ArrowLeft: () => orbit.turn(-10, 0), ArrowRight: () => orbit.turn(10, 0),
      ArrowUp: () => orbit.turn(0, 10), ArrowDown: () => orbit.turn(0, -10),
      '+': () => orbit.zoom(0.9), '=': () => orbit.zoom(0.9), '-': () => orbit.zoom(1.1),
      Home: () => orbit.home(),
    };
    canvas.addEventListener('keydown', (event) => {
      const act = keys[event.key];
      if (!act || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      act();
    });
    canvas.addEventListener('webglcontextlost', (event) => event.preventDefault());
    canvas.addEventListener('webglcontextrestored', () => {
      this.start();
      if (this.faces) this.show(this.faces);
    });
  }
}

function cubeEdges() {
  const data = [], lines = [];
  for (let c = 0; c < 8; ++c) {
    data.push(c & 1, c >> 1 & 1, c >> 2 & 1, 0, 1, 0, 1);
    for (const bit of [1, 2, 4]) if (!(c & bit)) lines.push(c, c | bit);
  }
  return { data: new Float32Array(data), triangles: new Uint32Array(0), lines: new Uint32Array(lines) };
}

// Projection times view, column by column, and the camera's place.
function cameraOf(orbit, aspect) {
  const a = orbit.azimuth * Math.PI / 180, e = orbit.elevation * Math.PI / 180;
  const back = [Math.sin(a) * Math.cos(e), Math.sin(e), Math.cos(a) * Math.cos(e)];
  const right = [Math.cos(a), 0, -Math.sin(a)];
  const up = [-Math.sin(a) * Math.sin(e), Math.cos(e), -Math.cos(a) * Math.sin(e)];
  const eye = back.map((x) => 0.5 + x * orbit.distance);
  const dot = (p) => p[0] * eye[0] + p[1] * eye[1] + p[2] * eye[2];
  const near = 0.05, far = 20, f = 1 / Math.tan(0.36);
  const fx = f / Math.max(aspect, 1e-3) * Math.min(aspect, 1), fy = f * Math.min(aspect, 1);
  const zz = (far + near) / (near - far), zw = 2 * far * near / (near - far);
  const matrix = new Float32Array(16);
  for (let k = 0; k < 3; ++k) {
    matrix[k * 4] = fx * right[k];
    matrix[k * 4 + 1] = fy * up[k];
    matrix[k * 4 + 2] = zz * back[k];
    matrix[k * 4 + 3] = -back[k];
  }
  matrix[12] = -fx * dot(right);
  matrix[13] = -fy * dot(up);
  matrix[14] = -zz * dot(back) + zw;
  matrix[15] = dot(back);
  return { matrix, eye };
}
