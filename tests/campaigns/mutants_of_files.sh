#!/usr/bin/env bash
# Every reader of foreign files against many mutants of sound ones: none may crash it, take longer than a second or more
# memory than twice what is declared. Usage: tests/campaigns/mutants_of_files.sh [BUILD [MUTANTS A CLASS]]
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${1:-build/release}")
mutants=${2:-10000}
nice cmake --build "$build" --target test_fuzz
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export OMP_NUM_THREADS=1
failed=0
for target in binvox collada hdf5 json mat npy obj off packed ply png stl weights yaml zip; do
  if ! nice "$build/bin/test_fuzz" --mutants "$mutants" "$target"; then
    echo "$target FAILED; what was being read: $build/$target.input.bin"
    cp input.bin "$build/$target.input.bin"
    failed=1
  fi
done
exit $failed
