"""A headless Chromium, driven over a pipe with the DevTools protocol; nothing but Python's library.

  with Browser() as browser:
      browser.open("file:///tmp/report.html")
      browser.value("document.title")
      browser.key("ArrowRight")
      browser.screenshot("page.png")

Everything that the page logs as an error is in browser.errors. WebGL is drawn in software.
"""
import base64
import json
import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile
import time

SKIPPED = 77  # the exit code of a test that could not be made


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def find_chromium():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path:
            return path
    return None


class Browser:
    def __init__(self, width=1200, height=900):
        program = find_chromium()
        if program is None:
            skip("needs chromium (scripts/install-packages test)")
        self.errors, self.waiting, self.events = [], b"", []
        self.next_id = 0
        self.session = None
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.downloads = pathlib.Path(self.folder.name) / "downloads"
        self.downloads.mkdir()
        to_read, self.to_browser = os.pipe()
        self.from_browser, to_write = os.pipe()

        def take_pipes():
            # The protocol's descriptors are 3 and 4; both may be in use by the pipes themselves.
            read, write = os.dup(to_read), os.dup(to_write)
            os.dup2(read, 3)
            os.dup2(write, 4)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--no-first-run",
             "--disable-dev-shm-usage", "--enable-unsafe-swiftshader", "--use-angle=swiftshader",
             "--disable-background-networking", "--disable-component-update", "--mute-audio",
             f"--user-data-dir={self.folder.name}/profile", f"--window-size={width},{height}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            close_fds=False, preexec_fn=take_pipes)
        os.close(to_read)
        os.close(to_write)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "DOM"):
            self.call(f"{domain}.enable")
        self.resize(width, height)
        self.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(self.downloads))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()

    # ---- The protocol

    def receive(self, deadline):
        while b"\0" not in self.waiting:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.from_browser], [], [], left)[0]:
                raise TimeoutError("the browser does not answer")
            data = os.read(self.from_browser, 1 << 20)
            if not data:
                raise RuntimeError("the browser ended")
            self.waiting += data
        message, self.waiting = self.waiting.split(b"\0", 1)
        message = json.loads(message)
        self.note(message)
        return message

    def note(self, message):
        method, params = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert", "warning"):
            self.errors.append(" ".join(str(a.get("value", a.get("description"))) for a in params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            entry = params["entry"]
            self.errors.append(f"{entry['source']}: {entry['text']} {entry.get('url', '')}")
        if method:
            self.events.append(message)

    def call(self, method, timeout=60, **params):
        self.next_id += 1
        message = {"id": self.next_id, "method": method, "params": params}
        if self.session and not method.startswith(("Target.", "Browser.")):
            message["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + timeout
        while True:
            answer = self.receive(deadline)
            if answer.get("id") == self.next_id:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    # ---- Pages

    def open(self, url):
        self.events.clear()
        self.call("Page.navigate", url=url)
        deadline = time.monotonic() + 60
        while not any(e["method"] == "Page.loadEventFired" for e in self.events):
            self.receive(deadline)

    def resize(self, width, height, mobile=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=mobile)

    def value(self, expression):
        """What an expression of JavaScript gives, awaited."""
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait_for(self, expression, seconds=30):
        deadline = time.monotonic() + seconds
        while True:
            value = self.value(expression)
            if value:
                return value
            if time.monotonic() > deadline:
                raise TimeoutError(f"never true: {expression}; errors: {self.errors}")
            time.sleep(0.05)

    def settle(self, seconds=30):
        """Waits until what was asked for is drawn, and the layout does not move any more."""
        layout = """new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => r(
            [...document.querySelectorAll('canvas, img, body')].map(e => {
                const b = e.getBoundingClientRect();
                return [b.width, b.height, e.loading === 'lazy' || (e.complete ?? true)].join();
            }).join(' ')), 50))))"""
        deadline, before = time.monotonic() + seconds, None
        while (now := self.value(layout)) != before or "false" in now:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the layout never comes to rest: {before}, then {now}")
            before = now

    def key(self, key, times=1):
        codes = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Home": 36, "End": 35,
                 "Tab": 9, "Enter": 13, " ": 32}
        text = {"Enter": "\r", " ": " "}.get(key, key if len(key) == 1 else "")
        for _ in range(times):
            for kind in ("keyDown", "keyUp"):
                self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=codes.get(key, 0),
                          **({"text": text} if text and kind == "keyDown" else {}))

    def drag(self, x0, y0, x1, y1):
        mouse = {"button": "left", "clickCount": 1}
        self.call("Input.dispatchMouseEvent", type="mousePressed", x=x0, y=y0, **mouse)
        for step in range(1, 6):
            self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x0 + (x1 - x0) * step / 5,
                      y=y0 + (y1 - y0) * step / 5, buttons=1, **mouse)
        self.call("Input.dispatchMouseEvent", type="mouseReleased", x=x1, y=y1, **mouse)

    def choose_files(self, selector, files):
        document = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=document, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(f) for f in files])

    def drawn(self, selector, frame=False):
        """What a canvas of a VoxelView (viewer.js) shows, as the text of a PNG. Two of them can be compared only
        without the frame around the object: WebGL in software does not draw lines twice in the same way."""
        self.settle()
        return self.value(f"""(() => {{ const canvas = document.querySelector({json.dumps(selector)}), view = canvas.view;
            if (!view.wireframe_ && !{json.dumps(frame)}) view.drawLines = () => {{}};
            view.draw();
            delete view.drawLines;
            return canvas.toDataURL(); }})()""")

    def screenshot(self, file, whole=True):
        self.settle()
        options = {}
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            options = {"clip": {"x": 0, "y": 0, "width": size["width"], "height": min(8000, size["height"]),
                                "scale": 1}, "captureBeyondViewport": True}
        picture = self.call("Page.captureScreenshot", **options)
        pathlib.Path(file).write_bytes(base64.b64decode(picture["data"]))

    def downloaded(self, name, seconds=20):
        deadline = time.monotonic() + seconds
        file = self.downloads / name
        while not file.exists():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} was not downloaded; there is {os.listdir(self.downloads)}")
            self.settle()
        return file.read_bytes()


class Checks:
    """Counts what holds; the exit code is 1 if anything did not."""

    def __init__(self):
        self.passed = self.failed = 0

    def __call__(self, holds, what):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {what}")

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed or not self.passed else 0)
