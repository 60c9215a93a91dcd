#!/usr/bin/env bash
# The CUDA tests under NVIDIA's compute-sanitizer: memcheck (accesses out of bounds, memory never
# given back), racecheck (threads of a block that do not wait for each other), initcheck (reads of
# memory that nobody wrote) and synccheck (wrong barriers). VOXGRAD_EXACT_MEMORY=1 lets the tools see
# every tensor as a block of its own (docs/gpu.md). Needs a GPU; says "skipped" where there is none.
# Takes many minutes.
#
#   tests/campaigns/compute_sanitizer.sh [build/release] [OPTIONS] [doctest options, such as -tc='*norm*']
#
#   --tool NAME,NAME   some of the four
#   --seconds N        at most, each; a tool that runs longer has failed
#
# The folder is a build tree, or one that tools/pack-binary made. memcheck, which looks for leaks, and initcheck
# leave convolutions to our plain kernels: what cuDNN and cuBLAS write is not seen by the tools, which look at
# kernels of ours alone, and plans and handles are never given back.
#
# Exit code 0: clean, 1: not, 77: nothing was checked. Ends with a line per tool, "N passed, N failed, N skipped", and a verdict.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if [[ ${1:-} == --help || ${1:-} == -h ]]; then
  sed -n '2,/^[^#]/s/^# \?//p' tests/campaigns/compute_sanitizer.sh
  exit 0
fi
build=build/release
if (($#)) && [[ $1 != -* ]]; then
  build=$1
  shift
  [[ -d $build ]] || { echo "no such folder: $build" >&2; exit 2; }
fi
tools=(memcheck racecheck initcheck synccheck) seconds=0
while (($#)); do
  case $1 in
    --tool) IFS=, read -ra tools <<<"${2:?--tool needs names}" && shift 2 ;;
    --seconds) seconds=${2:?--seconds needs a number} && shift 2 ;;
    *) break ;;
  esac
done
for tool in "${tools[@]}"; do
  [[ $tool =~ ^(memcheck|racecheck|initcheck|synccheck)$ ]] ||
    { echo "no such tool: $tool (memcheck, racecheck, initcheck, synccheck)" >&2; exit 2; }
done
program=$build/bin/test_cuda
[[ -x $build/test_cuda && -d $build/lib ]] && program=$build/test_cuda  # a launcher: bin/ has the bare program
export VOXGRAD_EXACT_MEMORY=1

skip() {
  echo "skipped: $1"
  echo "0 passed, 0 failed, ${#tools[@]} skipped"
  echo "verdict: none, nothing was checked"
  exit 77
}
[[ -x $program ]] || skip "no $program: build with CUDA first"
sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null) ||
  skip "no compute-sanitizer: it comes with the CUDA Toolkit"
if "$program" -tc='fill writes every dtype' | grep -q 'skipped: no CUDA device'; then
  skip "no CUDA device"
fi

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
passed=0 failed=0 skipped=0 lines=()
for tool in "${tools[@]}"; do
  options=(--tool "$tool" --error-exitcode 9 --kernel-name kns=voxgrad --target-processes all)
  convolutions=''
  [[ $tool == memcheck || $tool == initcheck ]] && convolutions=reference
  # Calls that CUDA refuses are the program's to handle: tests ask for too much memory on purpose.
  [[ $tool == memcheck ]] && options+=(--leak-check full --report-api-errors no)
  status=0
  # Gradient checks start hundreds of thousands of kernels, all of which other cases run too.
  VOXGRAD_CONV=$convolutions timeout -k 5 "$seconds" "$sanitizer" "${options[@]}" "$program" \
    --test-case-exclude='*[slow],*[gpu]' "$@" 2>&1 | tee "$logs/$tool" || status=$?
  # A tool that saw nothing has no summary, and says nothing about the program.
  summary=$(grep -E '^=+ (ERROR|RACECHECK|LEAK) SUMMARY' "$logs/$tool" | sed 's/^=* //' | paste -sd';') || true
  if [[ -z $summary ]] && grep -qiE 'device (is )?not supported|unsupported (device|environment)' "$logs/$tool"; then
    skipped=$((skipped + 1)) lines+=("skipped: $tool: it refuses this machine")
  elif ((status == 0)) && [[ -n $summary ]]; then
    passed=$((passed + 1)) lines+=("ok: $tool: $summary")
  else
    failed=$((failed + 1)) lines+=("FAILED: $tool: exit status $status; ${summary:-no summary}")
  fi
done
printf '%s\n' "${lines[@]}"
echo "$passed passed, $failed failed, $skipped skipped"
if ((failed > 0)); then
  echo "verdict: NOT clean"
  exit 1
fi
if ((passed == 0)); then
  echo "verdict: none, nothing was checked"
  exit 77
fi
echo "verdict: clean"
