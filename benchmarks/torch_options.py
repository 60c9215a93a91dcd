"""What vs_others, gpu_vs_torch and busy_machine ask of their flags. A wrong one ends the program before anything is
measured, with pix2vox's exit codes: 2 usage, 4 no device."""

import argparse
import json
import sys

USAGE, NO_DEVICE = 2, 4


def give_up(message, code=USAGE):
    print(message, file=sys.stderr)
    sys.exit(code)


def count(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1 on, got {text!r}")
    return int(text)


def check_json(file):
    """What the file holds. Before anything is measured: an unwritable file would lose it."""
    try:
        with file.open("a"):
            pass
        return json.loads(file.read_text() or "{}")
    except (OSError, ValueError) as error:
        give_up(f"--json {file}: {error}")
