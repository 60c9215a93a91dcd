# shellcheck shell=bash
# What the scripts of this folder share. Sourced, never run.
set -euo pipefail
export LC_ALL=C
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
jobs=$(nproc)

# folders_of PART...: our folders of these parts (scripts/folders), one per line.
folders_of() {
  local part
  for part in "$@"; do
    awk -v part="$part" '!/^#/ && $2 == part { print $1 }' scripts/folders
  done
}

say() { printf '\n== %s\n' "$*"; }

# build PRESET [TARGET...]: configures build/PRESET and builds it, or these targets alone.
build() {
  local preset=$1
  shift
  cmake --preset "$preset" -Wno-dev && cmake --build "build/$preset" -j "$jobs" ${1:+--target "$@"}
}

# Counting results.
passed=0 failed=0 skipped=0
skip_status=77  # what a check returns to say that it could not be made

# record NAME COMMAND...: runs a check, counts it and prints its verdict. Never ends the script.
record() {
  local name=$1 status=0
  shift
  "$@" || status=$?
  case $status in
    0) passed=$((passed + 1)) && echo "ok: $name" ;;
    "$skip_status") skipped=$((skipped + 1)) && echo "skipped: $name" ;;
    *) failed=$((failed + 1)) && echo "FAILED: $name" ;;
  esac
}

# finish [PREFIX]: prints the summary line and exits with 1 if anything failed or nothing ran.
finish() {
  echo "${1:-}$passed passed, $failed failed, $skipped skipped"
  ((failed == 0 && passed > 0)) && exit 0
  exit 1
}
