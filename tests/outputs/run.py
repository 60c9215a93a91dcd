#!/usr/bin/env python3
"""Makes a tiny run and looks at what people see of it: the report and the page of serve in a headless Chromium, the
event files for TensorBoard, the progress in terminals, and the measures beside NumPy's:

  tests/outputs/run.py PROGRAM [report] [compared] [serve] [events] [terminal] [measures]
"""
import pathlib
import subprocess
import sys
import tempfile

from browser import SKIPPED, find_chromium

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent
program = str(pathlib.Path(sys.argv[1]).resolve())
which = sys.argv[2:] or ["report", "compared", "serve", "events", "terminal", "measures"]
if find_chromium() is None:
    print("skipped: report, compared and serve need chromium (scripts/install-packages test)")
    which = [each for each in which if each not in ("report", "compared", "serve")]
    if not which:
        sys.exit(SKIPPED)

with tempfile.TemporaryDirectory() as folder:
    subprocess.run([root / "scripts/demo", "--quick", "--out", f"{folder}/demo", "--program", program], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def train(name, epochs, seed):
        subprocess.run([program, "train", "--cfg", "configs/Pix2Vox-mini.yaml", "--data", f"{folder}/demo/dataset",
                        "--out", f"{folder}/{name}", "--epochs", epochs, "--set", "train.batch_size=2", "--seed", seed],
                       check=True, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return f"{folder}/{name}"

    run = train("run", "3", "1")
    failed = 0
    if "report" in which:
        failed |= subprocess.run([sys.executable, here / "test_report.py", f"{run}/report.html"]).returncode
    if "compared" in which:
        page = f"{folder}/compared.html"
        subprocess.run([program, "report", run, train("other", "2", "2"), "--out", page], check=True,
                       stdout=subprocess.DEVNULL)
        failed |= subprocess.run([sys.executable, here / "test_compared.py", page, "run", "other",
                                  "train.seed"]).returncode
    if "serve" in which:
        picture = sorted(pathlib.Path(f"{folder}/demo/dataset").rglob("00.png"))[0]
        failed |= subprocess.run([sys.executable, here / "test_serve.py", program, f"{run}/checkpoints/best.h5",
                                  str(picture)]).returncode
    if "events" in which:
        failed |= subprocess.run([sys.executable, here / "test_events.py", run]).returncode
    if "terminal" in which:
        failed |= subprocess.run([sys.executable, here / "test_terminal.py", program, f"{folder}/demo/dataset"],
                                 cwd=root).returncode
    if "measures" in which:
        pathlib.Path(f"{folder}/measures").mkdir()
        code = subprocess.run([sys.executable, here / "test_measures.py", program, f"{run}/checkpoints/best.h5",
                               f"{folder}/demo/dataset", f"{folder}/measures"], cwd=root).returncode
        failed |= code != SKIPPED and code
sys.exit(1 if failed else 0)
