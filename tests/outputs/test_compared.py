#!/usr/bin/env python3
"""The page on which `pix2vox report RUN RUN` compares two runs, in a headless Chromium:
test_compared.py PAGE NAME NAME KEY [SCREENSHOT]

KEY is a key of the configuration in which the runs differ.
"""
import pathlib
import sys

from browser import Browser, Checks

page, names, differs = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:4], sys.argv[4]
check = Checks()
check(page.stat().st_size <= 3_000_000, "at most 3 MB")

with Browser() as browser:
    browser.open(page.as_uri())
    browser.wait_for("document.querySelector('#viewer')?.dataset.ready")

    rows = browser.value("""[...document.querySelectorAll('#overview tbody tr')].map(
        row => [...row.children].map(cell => cell.textContent))""")
    check([row[0] for row in rows] == names, f"a row for each run, not {rows}")
    check(all(0 <= float(row[3]) <= 1 for row in rows), f"the runs' best IoU, not {rows}")

    # Both runs' curves are in one chart, told apart by name and by colour.
    legend = """[...[...document.querySelectorAll('.chart')].find(
        e => e.textContent.includes('by threshold')).querySelectorAll('.legend button')]"""
    check(browser.value(f"{legend}.map(e => e.textContent.trim())") == [f"{name}: mean" for name in names],
          "the legend names both runs")
    lines = """[...[...document.querySelectorAll('.chart')].find(
        e => e.textContent.includes('by threshold')).querySelectorAll('path')].map(
        e => getComputedStyle(e).stroke)"""
    colors = browser.value(lines)
    check(len(colors) == 2 and len(set(colors)) == 2, f"two lines of two colours, not {colors}")
    browser.value(f"{legend}[0].click()")
    check(browser.value(lines) == colors[1:], "the legend hides the first run")
    browser.value(f"{legend}[0].click()")
    check(browser.value(lines) == colors, "and shows it again")

    keys = browser.value("""[...document.querySelectorAll('#configuration tbody tr')].map(
        row => [row.children[0].textContent, row.querySelector('td.differs') !== null])""")
    marked = [key for key, different in keys if different]
    check(differs in marked, f"{differs} is marked, not only {marked}")
    check([key for key, _ in keys[:len(marked)]] == marked, "what differs stands first")
    check(len(keys) > len(marked), "what is equal stands below")

    if len(sys.argv) > 5:
        browser.screenshot(sys.argv[5])
    check(not browser.errors, f"no errors in the console: {browser.errors}")
check.finish()
