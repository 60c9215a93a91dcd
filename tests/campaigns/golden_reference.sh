#!/usr/bin/env bash
# Pix2Vox-A and -F at full size against the authors' numbers (tests/golden/reference/): volumes in
# f64 and f32, features, training steps and ten Adam steps, with one and three views. Takes minutes
# and about 8 GB.
#
#   tests/campaigns/golden_reference.sh [build/release] [doctest options, such as -tc='F*']
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=build/release
if (($#)) && [[ $1 != -* ]]; then
  build=$1
  shift
fi
exec "$build/bin/test_pix2vox" --no-skip --test-suite=reference,campaign --duration=true "$@"
