#!/usr/bin/env python3
"""Lets trainings die in every way and looks whether they continue to the same end.

  tests/campaigns/reliability.py [kill] [signals] [writes] [loaders] [--count N] [--seed N]

Without names: all of them. The trainings are small (Pix2Vox-mini on pictures of 48x48, objects made
of boxes) and run in a temporary folder. The checkpoints that an undisturbed training leaves are the
measure: the same contents give the same bytes, so whole files are compared.

  kill     SIGKILL at random moments; resumed until done; --count kills (default 200)
  signals  SIGINT or SIGTERM at random moments; exit code 130 or 143; --count signals (default 100)
  writes   the k-th call that changes a file fails, for every k; exit code 1; the run can be resumed
  loaders  20 trainings with 1, 2 and 16 loader threads; tensors compared by h5diff

Exit code 1 if anything was lost or crashed.
"""
import argparse
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EPOCHS = 4
# How a training that continues says what it could not write.
SAID = ("no sample picture", "cannot close", "no events for TensorBoard", "no more events for TensorBoard",
        "pix2vox watch sees no progress", "no report")


def box(lines, low, high):
    """Appends a box to the lines of an OBJ file."""
    first = sum(line.startswith("v ") for line in lines)
    for corner in range(8):
        lines.append("v " + " ".join(str((high if corner >> axis & 1 else low)[axis]) for axis in range(3)))
    for face in ("1 3 4 2", "5 6 8 7", "1 2 6 5", "3 7 8 4", "1 5 7 3", "2 4 8 6"):
        lines.append("f " + " ".join(str(int(corner) + first) for corner in face.split()))


class Campaign:
    def __init__(self, binary, folder, seed):
        self.binary = str(binary)
        self.folder = pathlib.Path(folder)
        self.random = random.Random(seed)
        self.failures = 0
        self.runs = 0
        self.data = self.folder / "data"
        self.make_data()

    def make_data(self):
        meshes = self.folder / "meshes"
        (meshes / "table").mkdir(parents=True)
        rows = ["file\tcategory\tsplit"]
        for i in range(24):
            lines = []
            box(lines, (0, 0.4 + 0.02 * i, 0), (1, 0.5 + 0.02 * i, 0.8))
            box(lines, (0.4, 0, 0.3), (0.5 + 0.01 * i, 0.45 + 0.02 * i, 0.5))
            (meshes / "table" / f"{i}.obj").write_text("\n".join(lines) + "\n")
            rows.append(f"table/{i}.obj\ttable\t{'train' if i < 18 else 'val' if i < 19 else 'test'}")
        (meshes / "manifest.tsv").write_text("\n".join(rows) + "\n")
        subprocess.run([self.binary, "dataset", "build", "--meshes", meshes, "--out", self.data, "--views", "3",
                        "--image-size", "64"], check=True, capture_output=True)

    def arguments(self, out, epochs=EPOCHS, *more):
        words = [self.binary, "train", "--cfg", ROOT / "configs" / "Pix2Vox-mini.yaml", "--data", self.data,
                 "--out", out, "--epochs", epochs, "--seed", "3", "--threads", "1",
                 "--set", "train.batch_size=4", "--set", "model.image_size=48", *more]
        if any((out / "checkpoints" / name).exists() for name in ("last.h5", "last.previous.h5")):
            words.append("--resume")
        return [str(word) for word in words]

    def start(self, out, epochs=EPOCHS, *more, **environment):
        self.runs += 1
        return subprocess.Popen(self.arguments(out, epochs, *more), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, cwd=ROOT, env={**os.environ, **environment})

    def fresh(self, name):
        out = self.folder / name
        shutil.rmtree(out, ignore_errors=True)
        return out

    def fail(self, what):
        self.failures += 1
        print(f"FAILED: {what}", flush=True)

    def reference(self):
        """An undisturbed training and the seconds it took."""
        out = self.fresh("reference")
        begin = time.monotonic()
        process = self.start(out)
        _, err = process.communicate()
        if process.returncode != 0:
            sys.exit(f"the undisturbed training failed: {err}")
        return out, time.monotonic() - begin

    def compare(self, out, reference, what):
        for name in ("last.h5", "best.h5"):
            if (out / "checkpoints" / name).read_bytes() != (reference / "checkpoints" / name).read_bytes():
                self.fail(f"{what}: {name} is not that of the undisturbed training")
        rubbish = [path.name for path in out.rglob("*") if path.suffix == ".tmp"]
        if rubbish:
            self.fail(f"{what}: left behind {rubbish}")

    def interrupt(self, count, choose):
        """Sends signals at random moments, resumes until done, `count` signals in all. Returns how
        many trainings came to their end and how many signals met a program that had not begun."""
        reference, seconds = self.reference()
        sent = ended = early = 0
        while sent < count:
            out = self.fresh("interrupted")
            while True:
                number = choose()
                process = self.start(out)
                try:
                    _, err = process.communicate(timeout=self.random.uniform(0, 1.1 * seconds))
                    stopped = False
                except subprocess.TimeoutExpired:
                    process.send_signal(number)
                    _, err = process.communicate()
                    stopped = process.returncode != 0
                    sent += 1
                code = process.returncode
                if stopped and number != signal.SIGKILL:
                    if code == -number and not err:
                        early += 1
                    elif code != 128 + number:
                        self.fail(f"signal {number}: exit code {code}: {err}")
                elif code not in (0, -signal.SIGKILL):
                    self.fail(f"exit code {code}: {err}")
                    break
                if code == 0:
                    ended += 1
                    self.compare(out, reference, f"after {sent} signals")
                    break
        return sent, ended, early

    def kill(self, count):
        sent, ended, _ = self.interrupt(count, lambda: signal.SIGKILL)
        return f"{sent} kills at random moments, {ended} trainings resumed to their end"

    def signals(self, count):
        sent, ended, early = self.interrupt(count, lambda: self.random.choice([signal.SIGINT, signal.SIGTERM]))
        return (f"{sent} SIGINT and SIGTERM at random moments ({early} before the program had begun), "
                f"{ended} trainings resumed to their end")

    def writes(self, _):
        library = self.folder / "failing_writes.so"
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, pathlib.Path(__file__).with_name("failing_writes.c"),
                        "-ldl"], check=True)
        begun = self.fresh("begun")
        self.start(begun, EPOCHS - 1).communicate()
        out = self.folder / "failing"

        def resume(call, counter=""):
            shutil.rmtree(out, ignore_errors=True)
            shutil.copytree(begun, out)
            environment = {"LD_PRELOAD": str(library), "FAILING_FOLDER": str(out), "FAILING_CALL": str(call)}
            if counter:
                environment["FAILING_COUNT"] = str(counter)
            process = self.start(out, EPOCHS, **environment)
            _, err = process.communicate()
            return process.returncode, err

        counter = self.folder / "calls"
        code, err = resume(0, counter)
        if code != 0:
            sys.exit(f"the undisturbed training failed: {err}")
        reference = self.fresh("reference")
        shutil.copytree(out, reference)
        calls = counter.read_text().split()
        stopped = 0
        for k, name in enumerate(calls, 1):
            what = f"call {k} ({name}) failed"
            code, err = resume(k)
            if code not in (0, 1) or (code == 1 and "pix2vox: " not in err):
                self.fail(f"{what}: exit code {code}: {err}")
            stopped += code == 1
            if code == 0 and not any(said in err for said in SAID):
                self.fail(f"{what}: nobody was told: {err}")
            process = self.start(out)
            _, err = process.communicate()
            if process.returncode != 0:
                self.fail(f"{what}: cannot be resumed: {err}")
            else:
                self.compare(out, reference, what)
        kinds = ", ".join(f"{calls.count(name)} {name}" for name in sorted(set(calls)))
        return (f"{len(calls)} calls ({kinds}) failed one by one: {stopped} runs stopped with exit code 1, "
                f"{len(calls) - stopped} continued and said what was lost; all resumed to their end")

    def loaders(self, _):
        first = None
        for i in range(20):
            out = self.fresh(f"loader{i}")
            process = self.start(out, 2, "--set", f"data.loader_threads={(1, 2, 16)[i % 3]}")
            _, err = process.communicate()
            if process.returncode != 0:
                self.fail(f"loader run {i}: {err}")
                continue
            last = out / "checkpoints" / "last.h5"
            first = first or last
            for group in ("/model", "/training"):
                if subprocess.run(["h5diff", "-q", first, last, group, group]).returncode != 0:
                    self.fail(f"loader run {i}: {group} differs")
        return "20 trainings with 1, 2 and 16 loader threads: the same weights and state"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--binary", default=ROOT / "build" / "release" / "bin" / "pix2vox", type=pathlib.Path)
    options = parser.parse_args()
    defaults = {"kill": 200, "signals": 100, "writes": 0, "loaders": 0}
    for name in options.names:
        if name not in defaults:
            parser.error(f"no campaign '{name}'; there are {', '.join(defaults)}")
    failures = 0
    for name in options.names or defaults:
        with tempfile.TemporaryDirectory(prefix="voxgrad-campaign-") as folder:
            begin = time.monotonic()
            campaign = Campaign(options.binary.resolve(), folder, options.seed)
            result = getattr(campaign, name)(options.count or defaults[name])
            verdict = f"{campaign.failures} FAILURES" if campaign.failures else "nothing lost"
            print(f"{name}: {result}: {verdict} ({campaign.runs} runs, {time.monotonic() - begin:.0f} s)", flush=True)
            failures += campaign.failures
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
