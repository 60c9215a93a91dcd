#!/usr/bin/env bash
# Runs one program on emulated old processors (Nehalem: x86-64-v2; Haswell: AVX2) and on this one at
# each instruction set that it has: doctor, the gradients of one layer, and a prediction, whose
# volumes may be 1e-5 apart at the most.
#
#   tests/campaigns/old_processors.sh CHECKPOINT PICTURE [PIX2VOX = build/release/bin/pix2vox]
#
# Needs qemu-user and python3. Emulation takes minutes.
set -euo pipefail
if (($# < 2)); then
  sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
weights=$1 picture=$2
program=${3:-$(dirname "${BASH_SOURCE[0]}")/../../build/release/bin/pix2vox}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export OMP_WAIT_POLICY=passive

# try NAME [COMMAND...]: the program after a command, its volume in a folder of that name.
try() {
  local name=$1
  shift
  echo "== $name"
  "$@" "$program" doctor 2>/dev/null | grep -E '^(instructions|cpu) '
  "$@" "$program" gradcheck conv3d 2>/dev/null | tail -n 1
  "$@" "$program" predict "$picture" --weights "$weights" --out "$folder/$name" --format npy >/dev/null 2>&1
}

try native
for isa in sse4 avx2 avx512; do
  if VOXGRAD_ISA=$isa "$program" doctor >/dev/null 2>&1; then try "$isa" env "VOXGRAD_ISA=$isa"; fi
done
for processor in Nehalem Haswell; do
  try "$processor" qemu-x86_64 -cpu "$processor"
done

python3 - "$folder" <<'PYTHON'
import array
import pathlib
import struct
import sys


def values(path):
    """The float32 values of a .npy file of version 1."""
    data = path.read_bytes()
    begin = 10 + struct.unpack("<H", data[8:10])[0]
    assert b"'<f4'" in data[:begin], f"{path}: no float32"
    return array.array("f", data[begin:])


folder = pathlib.Path(sys.argv[1])
native = values(next((folder / "native").rglob("*.npy")))
worst = 0.0
for each in sorted(folder.iterdir()):
    volume = values(next(each.rglob("*.npy")))
    assert len(volume) == len(native) > 0
    difference = max(abs(a - b) for a, b in zip(volume, native))
    worst = max(worst, difference)
    print(f"{each.name}: largest difference {difference:.1e}")
sys.exit(0 if worst <= 1e-5 else "more than 1e-5 apart")
PYTHON
