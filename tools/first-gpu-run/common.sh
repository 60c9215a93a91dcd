# shellcheck shell=bash disable=SC2034
# Shared by the scripts of a first run: steps with time limits of their own, that never end the
# script, and results that are there as they come. Sourced with the name of the run.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here" || exit 1
run=$1
budget=${FIRST_GPU_RUN_SECONDS:-560}  # of the whole script
results=${FIRST_GPU_RUN_RESULTS:-$here/results}/$run
programs=$here/programs
mkdir -p "$results"
summary=$results/summary.txt log=$results/log.txt
: >"$summary"
: >"$log"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export VOXGRAD_SOURCE_TREE=$here
if [[ -z ${VOXGRAD_CUDA_LIBRARIES:-} ]]; then
  # PyTorch's packages have the libraries that it is used with.
  VOXGRAD_CUDA_LIBRARIES=$(python3 - 2>/dev/null <<'PYTHON'
import glob, nvidia, os
folders = [folder for root in nvidia.__path__ for folder in glob.glob(os.path.join(root, "*", "lib"))]
print(":".join(sorted(folders)))
PYTHON
  ) || VOXGRAD_CUDA_LIBRARIES=
  export VOXGRAD_CUDA_LIBRARIES
fi

say() { echo "$*" | tee -a "$summary"; }
left() { echo $((budget - SECONDS)); }

# step NAME LIMIT COMMAND...: a line in the summary, what it prints in the log. Its exit status is
# the command's; 124 where it ran out of time.
step() {
  local name=$1 limit=$2 begin=$SECONDS status=0
  shift 2
  (($(left) < limit)) && limit=$(left)
  if ((limit < 5)); then
    say "NOT RUN  $name: no time left"
    return 125
  fi
  timeout -k 5 "$limit" "$@" >"$scratch/$name.log" 2>&1 </dev/null || status=$?
  local word=ok
  ((status == 0)) || word=FAILED
  ((status == 77)) && word=SKIPPED
  ((status == 124 || status == 137)) && word='TIME OUT'
  {
    echo "=== $name: $word ($status) after $((SECONDS - begin)) s: $*"
    cat "$scratch/$name.log"
  } >>"$log"
  # doctest's counts, or the last line.
  local told
  told=$(grep -aE '^\[doctest\] (test cases|assertions)' "$scratch/$name.log" | sed 's/^\[doctest\] //' | paste -sd';')
  say "$(printf '%-8s %-24s %4d s  %s' "$word" "$name" $((SECONDS - begin)) "${told:-$(tail -n 1 "$scratch/$name.log" | cut -c1-120)}")"
  return "$status"
}

# together: steps at the same time: "NAME LIMIT COMMAND..." an argument each, split at spaces.
together() {
  local each words pids=()
  for each in "$@"; do
    read -ra words <<<"$each"
    step "${words[@]}" &
    pids+=($!)
  done
  wait "${pids[@]}"
}

# Bounds what comes home: the log's end is worth more than its middle.
finish() {
  if (($(stat -c %s "$log") > 8000000)); then
    { head -c 4000000 "$log"; echo; echo '...'; tail -c 4000000 "$log"; } >"$scratch/short"
    mv "$scratch/short" "$log"
  fi
  say "finished after $SECONDS s: $(grep -c '^ok' "$summary") ok, $(grep -c '^FAILED' "$summary") failed," \
    "$(grep -c '^TIME OUT' "$summary") out of time, $(grep -c '^SKIPPED' "$summary") skipped," \
    "$(grep -c '^NOT RUN' "$summary") not run"
}

# What every run records of the machine.
machine() {
  {
    nvidia-smi || true
    nvidia-smi --query-gpu=name,driver_version,memory.total,compute_cap --format=csv || true
    lscpu | grep -E 'Model name|^CPU\(s\)|Flags' | cut -c1-400 || true
    ldd --version | head -n 1 || true
    timeout 15 python3 -m pip list 2>/dev/null | grep -iE 'torch|nvidia|triton' || true
    echo "libraries: $VOXGRAD_CUDA_LIBRARIES"
  } >"$scratch/machine" 2>&1
  cat "$scratch/machine" >>"$log"
  python3 - "$results/machine.json" "$here/commit" <<'PYTHON' || true
import json, subprocess, sys, time
def of(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""
gpu = of("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader")
json.dump({"gpu": gpu, "date": time.strftime("%Y-%m-%d"), "commit": open(sys.argv[2]).read().strip()},
          open(sys.argv[1], "w"))
PYTHON
  say "$(date -u +%FT%TZ) $run, $(nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null || echo 'no nvidia-smi')"
}
