#!/usr/bin/env python3
"""Makes a tiny run and looks at what people see of it: the report and the page of serve in a headless Chromium, the
event files for TensorBoard, and the progress in terminals:

  tests/outputs/run.py PROGRAM [report] [serve] [events] [terminal]
"""
import pathlib
import subprocess
import sys
import tempfile

from browser import SKIPPED, find_chromium

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent
program = str(pathlib.Path(sys.argv[1]).resolve())
which = sys.argv[2:] or ["report", "serve", "events", "terminal"]
if find_chromium() is None:
    print("skipped: report and serve need chromium (scripts/install-packages test)")
    which = [each for each in which if each not in ("report", "serve")]
    if not which:
        sys.exit(SKIPPED)

with tempfile.TemporaryDirectory() as folder:
    subprocess.run([root / "scripts/demo", "--quick", "--out", f"{folder}/demo", "--program", program], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    run = f"{folder}/run"
    subprocess.run([program, "train", "--cfg", "configs/Pix2Vox-mini.yaml", "--data", f"{folder}/demo/dataset",
                    "--out", run, "--epochs", "3", "--set", "train.batch_size=2", "--seed", "1"],
                   check=True, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    failed = 0
    if "report" in which:
        failed |= subprocess.run([sys.executable, here / "test_report.py", f"{run}/report.html"]).returncode
    if "serve" in which:
        picture = sorted(pathlib.Path(f"{folder}/demo/dataset").rglob("00.png"))[0]
        failed |= subprocess.run([sys.executable, here / "test_serve.py", program, f"{run}/checkpoints/best.h5",
                                  str(picture)]).returncode
    if "events" in which:
        failed |= subprocess.run([sys.executable, here / "test_events.py", run]).returncode
    if "terminal" in which:
        failed |= subprocess.run([sys.executable, here / "test_terminal.py", program, f"{folder}/demo/dataset"],
                                 cwd=root).returncode
sys.exit(1 if failed else 0)
