#!/usr/bin/env bash
# The CUDA tests under NVIDIA's compute-sanitizer: memcheck (accesses out of bounds, leaks of API
# calls), racecheck (threads of a block that do not wait for each other), initcheck (reads of memory
# that nobody wrote) and synccheck (wrong barriers). Needs a GPU; says "skipped" where there is none.
# Takes many minutes.
#
#   tests/campaigns/compute_sanitizer.sh [build/release] [doctest options, such as -tc='*norm*']
#
# Ends with "N passed, N failed, N skipped", a tool each.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=build/release
if (($#)) && [[ $1 != -* ]]; then
  build=$1
  shift
fi
tools=(memcheck racecheck initcheck synccheck)
program=$build/bin/test_cuda

skip() {
  echo "skipped: $1"
  echo "0 passed, 0 failed, ${#tools[@]} skipped"
  exit 0
}
[[ -x $program ]] || skip "no $program: build with CUDA first"
sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null) ||
  skip "no compute-sanitizer: it comes with the CUDA Toolkit"
if "$program" -tc='fill writes every dtype' | grep -q 'skipped: no CUDA device'; then
  skip "no CUDA device"
fi

passed=0 failed=0
for tool in "${tools[@]}"; do
  options=(--tool "$tool" --error-exitcode 9 --kernel-name kns=voxgrad)
  # Gradient checks start hundreds of thousands of kernels, all of which other cases run too.
  if "$sanitizer" "${options[@]}" "$program" --test-case-exclude='*[slow]' "$@"; then
    passed=$((passed + 1)) && echo "ok: $tool"
  else
    failed=$((failed + 1)) && echo "FAILED: $tool"
  fi
done
echo "$passed passed, $failed failed, 0 skipped"
((failed == 0))
