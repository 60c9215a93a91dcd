#!/usr/bin/env python3
"""The page that `pix2vox report` makes, in a headless Chromium: test_report.py PAGE [SCREENSHOT]

PAGE is a report of a run with at least two epochs of sample volumes.
"""
import pathlib
import re
import struct
import sys

from browser import Browser, Checks

page = pathlib.Path(sys.argv[1]).resolve()
check = Checks()
text = page.read_text(encoding="utf-8")
check(len(text.encode()) <= 3_000_000, "at most 3 MB")
check(not re.search(r'(src|href)="(https?:)?//', text), "nothing from elsewhere")

with Browser() as browser:
    browser.open(page.as_uri())
    browser.wait_for("document.querySelector('#viewer')?.dataset.ready")
    sections = browser.value("[...document.querySelectorAll('main section')].map(e => e.id)")
    for wanted in ("overview", "curves", "tables", "viewer", "gallery", "configuration"):
        check(wanted in sections, f"section {wanted}")
    titles = browser.value("[...document.querySelectorAll('.chart h3')].map(e => e.textContent)")
    for wanted in ("Loss", "by threshold", "by category", "Learning rate", "waiting for data"):
        check(any(wanted in title for title in titles), f"chart {wanted}")
    check(browser.value("document.querySelectorAll('.chart path').length") >= 5, "lines in the charts")

    prediction, truth = "figure:nth-of-type(1) canvas.voxels", "figure:nth-of-type(2) canvas.voxels"

    def pixels():
        return browser.drawn(prediction), browser.drawn(truth)

    def set_slider(name, key, times=1):
        before = browser.value("document.querySelector('#viewer').dataset.ready")
        browser.value(f"document.getElementById('{name}').focus()")
        browser.key(key, times)
        browser.wait_for(f"document.querySelector('#viewer').dataset.ready !== '{before}'")

    def prediction_after(name, key):
        set_slider(name, key)
        return browser.drawn(prediction)

    first = pixels()
    check(first == pixels(), "a still picture stays the same")
    set_slider("threshold", "Home")
    low = pixels()
    check(low[0] != first[0], "the threshold changes the prediction")
    check(low[1] == first[1], "the threshold leaves the truth")
    set_slider("threshold", "ArrowRight", 40)
    check(browser.value("document.getElementById('threshold').value") == "0.41", "arrow keys move the slider")
    high = pixels()
    check(high[0] != low[0], "another threshold, another prediction")

    # At some threshold the first and the last epoch look different.
    set_slider("threshold", "Home")
    differ = False
    for _ in range(24):
        differ = prediction_after("epoch", "Home") != prediction_after("epoch", "End")
        if differ:
            break
        set_slider("threshold", "ArrowRight", 4)
    check(differ, "the epoch changes the prediction")
    last = pixels()
    set_slider("epoch", "Home")
    check(pixels()[1] == last[1], "the epoch leaves the truth")
    set_slider("epoch", "End")
    check(pixels() == last, "the last epoch again")

    browser.value("document.getElementById('wireframe').click()")
    check(pixels()[1] != last[1], "wireframe draws otherwise")
    browser.value("document.getElementById('wireframe').click()")
    check(pixels() == last, "without wireframe again")

    browser.value(f"document.querySelector('{prediction}').focus()")
    for key in ("ArrowLeft", "ArrowUp", "+"):
        before = pixels()
        browser.key(key)
        check(pixels()[0] != before[0] and pixels()[1] != before[1], f"{key} moves both views")
    browser.key("Home")
    check(pixels() == last, "Home moves both back")
    box = browser.value(f"""(() => {{ const e = document.querySelector('{prediction}');
        e.scrollIntoView({{block: 'center'}}); const b = e.getBoundingClientRect();
        return [b.x + b.width / 2, b.y + b.height / 2]; }})()""")
    browser.drag(box[0], box[1], box[0] + 60, box[1] + 10)
    check(pixels()[0] != last[0], "dragging turns")

    n = browser.value("runs[0].samples.n")
    cut = float(browser.value("document.getElementById('threshold').value"))
    browser.value("document.getElementById('save-binvox').click()")
    name = browser.value("""(() => { const r = runs[0].samples;
        return (r.objects[0].category + '-epoch-' + r.epochs.at(-1).epoch).replace(/[^A-Za-z0-9_-]+/g, '_'); })()""")
    header, _, runs = browser.downloaded(f"{name}.binvox").partition(b"data\n")
    check(f"dim {n} {n} {n}".encode() in header, "the binvox's size")
    voxels = b"".join(bytes([value]) * length for value, length in zip(runs[::2], runs[1::2]))
    check(len(voxels) == n ** 3, "the binvox's runs fill the volume")
    browser.value("document.getElementById('save-npy').click()")
    npy = browser.downloaded(f"{name}.npy")
    check(npy[:6] == b"\x93NUMPY" and len(npy) == 128 + 4 * n ** 3, "an npy file")
    values = struct.unpack(f"<{n ** 3}f", npy[128:])
    occupied = sum(v >= cut for v in values)
    check(voxels.count(1) == occupied, "binvox and npy agree")
    # binvox has y fastest, npy z.
    check(all(voxels[(x * n + z) * n + y] == (values[(x * n + y) * n + z] >= cut)
              for x in range(n) for y in range(0, n, 3) for z in range(0, n, 3)), "axes of both files")

    browser.value("document.querySelector('.chart svg').focus()")
    browser.key("ArrowLeft")
    check("epoch" in browser.value("document.querySelector('.chart .tip').textContent"), "arrow keys read a chart")
    lines = browser.value("document.querySelectorAll('.chart path').length")
    browser.value("document.querySelector('.legend button').click()")
    check(browser.value("document.querySelectorAll('.chart path').length") == lines - 1, "the legend hides a line")

    if len(sys.argv) > 2:
        browser.screenshot(sys.argv[2])
    browser.resize(360, 740, mobile=True)
    browser.settle()
    check(browser.value("document.documentElement.scrollWidth") <= 360, "fits a phone")
    check(not browser.errors, f"no errors in the console: {browser.errors}")
check.finish()
