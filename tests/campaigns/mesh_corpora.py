#!/usr/bin/env python3
"""Runs the mesh corpora of Debian through `pix2vox voxelize`.

  tests/campaigns/mesh_corpora.py [--binary FILE] [--list] [--package NAME...]

Packages: assimp-testmodels (many of its files are broken on purpose), geomview (old dialects of OFF)
and libcgal-demo (OFF and PLY, inside of its data.tar.gz). Every file with a suffix that voxelize
reads is given to it, 30 seconds of processor time each. A file is read (exit code 0), refused (another exit code of
our own and a reason on stderr), or counts as a crash (a signal, or no reason) or a hang. A table
per package and suffix; --list names each refused file with its reason. Exit code 1 for any crash
or hang.
"""
import argparse
import collections
import pathlib
import resource
import signal
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PACKAGES = ["assimp-testmodels", "geomview", "libcgal-demo"]
SUFFIXES = {".obj", ".off", ".ply", ".stl", ".glb", ".gltf", ".dae"}
SECONDS = 30  # of processor time
OUTCOMES = ["read", "refused", "crash", "hang"]


def files_of(package, folder):
    """The mesh files that a package installs, those in its tar files unpacked into the folder."""
    listed = subprocess.run(["dpkg", "-L", package], capture_output=True, text=True)
    if listed.returncode != 0:
        sys.exit(f"mesh_corpora: {package} is not installed: scripts/install-packages corpora")
    found = []
    for line in listed.stdout.splitlines():
        path = pathlib.Path(line)
        if path.is_file() and path.suffix.lower() in SUFFIXES:
            found.append(path)
        elif path.is_file() and path.name.endswith(".tar.gz"):
            with tarfile.open(path) as archive:
                archive.extractall(folder, filter="data")
            found += [p for p in sorted(folder.rglob("*")) if p.is_file() and p.suffix.lower() in SUFFIXES]
    return sorted(set(found))


def outcome_of(binary, mesh, out):
    """One of OUTCOMES, and the reason or the crash."""
    out.unlink(missing_ok=True)
    limit = lambda: resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    try:
        run = subprocess.run([binary, "voxelize", mesh, "--out", out], capture_output=True, timeout=20 * SECONDS,
                             preexec_fn=limit)
    except subprocess.TimeoutExpired:
        return "hang", f"no end within {20 * SECONDS} s"
    if run.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return "hang", f"no end within {SECONDS} s of processor time"
    text = run.stderr.decode(errors="replace").strip()
    if run.returncode == 0:
        return ("read", "") if out.is_file() else ("crash", "exit code 0, and no file")
    if run.returncode < 0 or run.returncode not in (1, 2, 3, 4) or not text:
        return "crash", f"exit code {run.returncode}: {text[-300:]}"
    return "refused", text.splitlines()[-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", default=ROOT / "build/release/bin/pix2vox")
    parser.add_argument("--list", action="store_true", help="name refused files with their reasons")
    parser.add_argument("--package", nargs="+", default=PACKAGES, metavar="NAME")
    arguments = parser.parse_args()
    bad = 0
    print(f"{'package':<20}{'suffix':<8}" + "".join(f"{name:>9}" for name in OUTCOMES))
    with tempfile.TemporaryDirectory() as name:
        for package in arguments.package:
            folder = pathlib.Path(name) / package
            folder.mkdir()
            counts = collections.defaultdict(collections.Counter)
            for mesh in files_of(package, folder):
                outcome, reason = outcome_of(arguments.binary, mesh, pathlib.Path(name) / "x.binvox")
                counts[mesh.suffix.lower()][outcome] += 1
                bad += outcome in ("crash", "hang")
                if outcome in ("crash", "hang") or (arguments.list and outcome == "refused"):
                    print(f"  {outcome} {mesh}: {reason}", flush=True)
            for suffix, counter in sorted(counts.items()):
                print(f"{package:<20}{suffix:<8}" + "".join(f"{counter[key]:>9}" for key in OUTCOMES), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
