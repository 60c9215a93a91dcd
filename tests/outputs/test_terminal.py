#!/usr/bin/env python3
"""What a training looks like in terminals of several widths, also while they change, and what watch shows of it:
test_terminal.py PROGRAM DATASET

Runs `pix2vox train` on a pseudo-terminal and interprets what it writes as a terminal does. Where tmux is installed,
it runs there, too.
"""
import fcntl
import json
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time

from browser import Checks

program, dataset = sys.argv[1:3]
check = Checks()


def arguments(out, *more, epochs=2):
    return [program, "train", "--cfg", "configs/Pix2Vox-mini.yaml", "--data", dataset, "--out", out,
            "--epochs", str(epochs), "--set", "train.batch_size=2", "--seed", "1", *more]


class Screen:
    """A terminal that keeps long lines as they are and counts those that are too long."""

    def __init__(self, columns):
        self.columns, self.lines, self.line, self.too_long, self.drawn = columns, [], "", 0, []

    def feed(self, text):
        for piece in re.split(r"(\r\n|\n|\r|\x1b\[[0-9]*[A-Za-z])", text):
            if piece in ("\n", "\r\n"):
                self.note()
                self.lines.append(self.line)
                self.line = ""
            elif piece == "\r" or re.fullmatch(r"\x1b\[[0-9]*[JKA]", piece or "-"):
                self.note()
                self.line = ""
            else:
                self.line += piece

    def note(self):
        if len(self.line) > self.columns:
            self.too_long += 1
        if self.line:
            self.drawn.append(self.line)


def on_terminal(columns, *more):
    with tempfile.TemporaryDirectory() as folder:
        process, terminal = pty.fork()
        if process == 0:
            os.execv(program, arguments(f"{folder}/run", *more))
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        screen, deadline = Screen(columns), time.monotonic() + 300
        while time.monotonic() < deadline:
            if not select.select([terminal], [], [], 1)[0]:
                continue
            try:
                data = os.read(terminal, 65536)
            except OSError:
                break
            if not data:
                break
            screen.feed(data.decode())
        _, status = os.waitpid(process, 0)
        os.close(terminal)
        check(status == 0, f"the training ends well at {columns} columns")
        return screen


for columns in (80, 40, 20):
    # The folder's name may be longer than the terminal; the line of the moment and the table may not.
    screen = on_terminal(columns)
    moments = [line for line in screen.drawn if re.search(r"epoch \d+/\d+ ?", line) and "run in" not in line]
    check(moments, f"a line of the moment at {columns} columns: {screen.drawn}")
    check(all(len(line) < columns for line in moments), f"never wider than {columns} columns: {moments}")
    rows = [line for line in screen.lines if re.match(r"\s*[12]/2 ", line + " ")]
    check(len(rows) == 2 and all(len(row) <= columns for row in rows), f"a row per epoch: {screen.lines}")
    if columns == 80:
        check(all("loss" in line and "left" in line for line in moments), "losses and the time left")
        check(any("IoU" in line for line in moments), "the IoU of the last validation")
        check(not any("refined" in line or re.search(r"loss [\d.]+/", line) for line in screen.drawn),
              "no losses of a refiner that is not there")
screen = on_terminal(80, "--quiet")
check(not any("epoch" in line for line in screen.drawn), f"--quiet says nothing of epochs: {screen.drawn}")

with tempfile.TemporaryDirectory() as folder:
    ended = subprocess.run(arguments(f"{folder}/run"), capture_output=True, text=True)
    check("\x1b" not in ended.stderr and "\r" not in ended.stderr, "a pipe gets plain lines")
    check(sum(bool(re.match(r"\s*[12]/2 ", line)) for line in ended.stderr.splitlines()) == 2, "a line per epoch")
    watched = subprocess.run([program, "watch", f"{folder}/run"], capture_output=True, text=True)
    check(watched.returncode == 0 and "the training is over: done" in watched.stderr, f"watch: {watched.stderr}")
    check(sum(bool(re.match(r"\s*[12]/2 ", line)) for line in watched.stderr.splitlines()) == 2, "watch has the rows")

with tempfile.TemporaryDirectory() as folder:
    ended = subprocess.run(arguments(f"{folder}/run", "--json-log"), capture_output=True, text=True)
    events = [json.loads(line) for line in ended.stderr.splitlines()]
    check(sum(event["event"] == "epoch" for event in events) == 2, "--json-log has an event per epoch")
    check(all("mean_iou" in event for event in events if event["event"] == "epoch"), "with its measures")

if shutil.which("tmux") is None:
    print("skipped: the terminal that becomes narrower needs tmux")
else:
    with tempfile.TemporaryDirectory() as folder:
        tmux = ["tmux", "-S", f"{folder}/socket", "-f", "/dev/null"]
        command = " ".join(arguments(f"{folder}/run", epochs=4)) + f"; echo ended > {folder}/ended; sleep 60"
        subprocess.run([*tmux, "new-session", "-d", "-x", "100", "-y", "24", command], check=True)
        deadline = time.monotonic() + 300
        seen, width = [], 100
        while not os.path.exists(f"{folder}/ended") and time.monotonic() < deadline:
            seen.append(subprocess.run([*tmux, "capture-pane", "-p"], capture_output=True, text=True).stdout)
            if len(seen) % 4 == 0:
                width = {100: 60, 60: 34, 34: 100}[width]
                subprocess.run([*tmux, "resize-window", "-x", str(width), "-y", "24"])
            time.sleep(0.1)
        time.sleep(0.5)
        last = subprocess.run([*tmux, "capture-pane", "-p"], capture_output=True, text=True).stdout
        subprocess.run([*tmux, "kill-server"])
        check(os.path.exists(f"{folder}/ended"), "the training ends in tmux")
        check(max(text.count("[#") + text.count("[.") for text in seen) <= 1, "one line of the moment at a time")
        check("[#" not in last and last.count("4/4") == 1, f"nothing of it stays: {last}")
check.finish()
