#!/usr/bin/env bash
# The CUDA tests under NVIDIA's compute-sanitizer: memcheck (accesses out of bounds, memory never
# given back), racecheck (threads of a block that do not wait for each other), initcheck (reads of
# memory that nobody wrote) and synccheck (wrong barriers). VOXGRAD_EXACT_MEMORY=1 lets the tools see
# every tensor as a block of its own (docs/gpu.md). Needs a GPU; says "skipped" where there is none.
# Takes many minutes.
#
#   tests/campaigns/compute_sanitizer.sh [build/release] [doctest options, such as -tc='*norm*']
#
# Ends with a line a tool, "N passed, N failed, N skipped", and a verdict.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if [[ ${1:-} == --help || ${1:-} == -h ]]; then
  sed -n '2,10s/^# \?//p' tests/campaigns/compute_sanitizer.sh
  exit 0
fi
build=build/release
if (($#)) && [[ $1 != -* ]]; then
  build=$1
  shift
  [[ -d $build ]] || { echo "no such folder: $build" >&2; exit 2; }
fi
tools=(memcheck racecheck initcheck synccheck)
program=$build/bin/test_cuda
export VOXGRAD_EXACT_MEMORY=1

skip() {
  echo "skipped: $1"
  echo "0 passed, 0 failed, ${#tools[@]} skipped"
  echo "verdict: none, nothing was checked"
  exit 0
}
[[ -x $program ]] || skip "no $program: build with CUDA first"
sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null) ||
  skip "no compute-sanitizer: it comes with the CUDA Toolkit"
if "$program" -tc='fill writes every dtype' | grep -q 'skipped: no CUDA device'; then
  skip "no CUDA device"
fi

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
passed=0 failed=0 lines=()
for tool in "${tools[@]}"; do
  options=(--tool "$tool" --error-exitcode 9 --kernel-name kns=voxgrad)
  # Calls that CUDA refuses are the program's to handle: tests ask for too much memory on purpose.
  [[ $tool == memcheck ]] && options+=(--leak-check full --report-api-errors no)
  status=0
  # Gradient checks start hundreds of thousands of kernels, all of which other cases run too.
  "$sanitizer" "${options[@]}" "$program" --test-case-exclude='*[slow]' "$@" 2>&1 | tee "$logs/$tool" ||
    status=$?
  # A tool that saw nothing has no summary, and says nothing about the program.
  summary=$(grep -E '^=+ (ERROR|RACECHECK|LEAK) SUMMARY' "$logs/$tool" | sed 's/^=* //' | paste -sd';') || true
  if ((status == 0)) && [[ -n $summary ]]; then
    passed=$((passed + 1)) lines+=("ok: $tool: $summary")
  else
    failed=$((failed + 1)) lines+=("FAILED: $tool: exit status $status; ${summary:-no summary}")
  fi
done
printf '%s\n' "${lines[@]}"
echo "$passed passed, $failed failed, 0 skipped"
if ((failed > 0)); then
  echo "verdict: NOT clean"
  exit 1
fi
echo "verdict: clean"
