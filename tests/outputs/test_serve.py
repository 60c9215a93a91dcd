#!/usr/bin/env python3
"""The page of `pix2vox serve` in a headless Chromium: test_serve.py PROGRAM WEIGHTS PICTURE [SCREENSHOT]"""
import pathlib
import struct
import subprocess
import sys

from browser import Browser, Checks

program, weights, picture = sys.argv[1:4]
picture = pathlib.Path(picture).resolve()
check = Checks()
server = subprocess.Popen([program, "serve", "--weights", weights, "--port", "0"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True)
try:
    address = server.stdout.readline().strip()
    check(address.startswith("http://127.0.0.1:"), f"says its address: {address!r}")
    with Browser() as browser:
        browser.open(address)
        browser.wait_for("document.body.dataset.ready")
        check("Pix2Vox" in browser.value("document.getElementById('model').textContent"), "names the model")
        check(browser.value("document.getElementById('result').hidden"), "no result yet")
        # Still pictures, to compare them.
        browser.value("document.getElementById('turn').click()")
        browser.choose_files("#files", [picture])
        browser.wait_for("!document.getElementById('result').hidden")
        check("Done" in browser.value("document.getElementById('status').textContent"), "says that it is done")
        check(browser.value("document.querySelectorAll('#inputs img').length") == 2,
              "shows the cut-out and what the network sees")
        browser.wait_for("document.getElementById('mesh-text').textContent.includes('triangles')")

        def pixels():
            return browser.drawn("#voxels"), browser.drawn("#mesh")

        def set_threshold(value):
            browser.value(f"""(() => {{ const t = document.getElementById('threshold'); t.value = {value};
                t.dispatchEvent(new Event('input')); }})()""")
            browser.wait_for("!meshBusy")
            browser.settle()

        # Two thresholds with different numbers of voxels.
        counts = browser.value("""(() => { const v = shown.volume, n = new Set();
            for (let t = 1; t < 100; ++t) n.add(`${t}:${v.reduce((c, p) => c + (p >= Math.ceil(t * 2.55 - 1e-6)), 0)}`);
            return [...n].map(x => x.split(':').map(Number)); })()""")
        filled = [(t, c) for t, c in counts if c > 0]
        low, high = filled[0][0] / 100, filled[-1][0] / 100
        check(filled[0][1] != filled[-1][1], "a volume that is neither empty nor full")
        set_threshold(low)
        first = pixels()
        check(first == pixels(), "a still picture stays the same")
        set_threshold(high)
        second = pixels()
        check(second[0] != first[0], "the threshold changes the voxels")
        check(second[1] != first[1], "the threshold changes the mesh")
        browser.value("document.getElementById('threshold').focus()")
        before = browser.value("threshold")
        browser.key("ArrowLeft")
        check(abs(browser.value("threshold") - before + 0.01) < 1e-9, "arrow keys move the threshold")
        browser.wait_for("!meshBusy")
        set_threshold((low + high) / 2)
        set_threshold(low)
        browser.value("document.getElementById('voxels').focus()")
        still = pixels()
        browser.key("ArrowRight")
        check(all(a != b for a, b in zip(still, pixels())), "arrow keys turn both views")
        browser.value("document.getElementById('wireframe').click()")
        check(pixels()[1] != still[1], "wireframe")
        browser.value("document.getElementById('wireframe').click()")

        set_threshold(high)
        for kind, begins in (("glb", b"glTF"), ("stl", None), ("obj", None), ("binvox", b"#binvox 1\n")):
            browser.value(f"document.getElementById('save-{kind}').click()")
            data = browser.downloaded(f"{picture.stem}.{kind}")
            check(begins is None or data.startswith(begins), f"a {kind} file")
            if kind == "stl":
                check(len(data) == 84 + 50 * struct.unpack("<I", data[80:84])[0], "an stl of the right length")
        if len(sys.argv) > 4:
            browser.value("document.getElementById('turn').click()")
            browser.settle()
            browser.screenshot(sys.argv[4])
            browser.value("document.getElementById('turn').click()")

        # Several objects, one of which is no picture.
        broken = browser.downloads / "broken.png"
        broken.write_bytes(b"\x89PNG no picture")
        second_picture = browser.downloads / "second.png"
        second_picture.write_bytes(picture.read_bytes())
        browser.value("document.getElementById('kind-each').click()")
        browser.value("document.getElementById('status').textContent = ''")
        browser.choose_files("#files", [picture, broken, second_picture])
        browser.wait_for("document.getElementById('status').textContent.startsWith('Done')")
        check(browser.value("document.querySelectorAll('#objects button').length") == 2, "two objects")
        check("broken.png" in browser.value("document.getElementById('error').textContent"), "names the bad picture")
        browser.value("document.querySelectorAll('#objects button')[1].click()")
        check(browser.value("document.querySelectorAll('#objects button')[1].getAttribute('aria-pressed')") == "true",
              "the second object can be chosen")

        unnamed = browser.value("""[...document.querySelectorAll('input, button, canvas, select')].filter(e =>
            !(e.labels && e.labels.length) && !e.textContent.trim() && !e.getAttribute('aria-label')).length""")
        check(unnamed == 0, "every control has a name for screen readers")
        browser.value("document.activeElement.blur()")
        stops = []
        for _ in range(20):
            browser.key("Tab")
            stops.append(browser.value("document.activeElement.id || document.activeElement.tagName"))
        check("files" in stops and len(set(stops)) > 3, f"Tab goes through the controls: {stops}")
        browser.resize(360, 740, mobile=True)
        browser.settle()
        check(browser.value("document.documentElement.scrollWidth") <= 360, "fits a phone")
        if len(sys.argv) > 4:
            browser.screenshot(sys.argv[4].replace(".png", "-phone.png"))
        errors = [e for e in browser.errors if "415" not in e]  # the bad picture
        check(not errors, f"no errors in the console: {errors}")
finally:
    server.terminate()
    code = server.wait(20)
check(code == 143, f"SIGTERM ends it: {code}")
check.finish()
