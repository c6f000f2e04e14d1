#!/usr/bin/env bash
# Make the default style again, with the project's own commands:
#   bash benchmarks/default_style.sh EPISODE PHOTOS TEST_PHOTOS
# EPISODE is the cartoon of docs/default_style.md, PHOTOS the folder to learn from, TEST_PHOTOS one to score on. The VGG16 weights
# that the score needs are found in $VIDSTYLE_WEIGHTS. Three stretches of the episode are kept out of training for the score.
set -euo pipefail
episode=$1 photos=$2 test_photos=$3
style=vidstyle/styles/default.safetensors
dataset=runs/default-dataset

frames() { # similarity
  for stretch in "0 64" "80 136" "152 176" "192 208"; do
    read -r start end <<<"$stretch"
    vidstyle extract "$episode" -o "$dataset-$1/trainB" --every 0.5 --size 288 --max-similarity "$1" --start "$start" --end "$end"
  done
}
fit() { # similarity options...
  vidstyle train "$dataset-$1" --photos "$photos" --channels 32 --crop 128 --precision bf16 "${@:2}"
}
frames 0.6
frames 0.7
frames 0.8
fit 0.6 --name default-first --load 192 --distance-base 0.8 --steps 4648
fit 0.6 --name default-second --load 160 --distance-base 1.25 --init runs/default-first/style.safetensors --steps 2750
fit 0.7 --name default-third --load 160 --distance-base 1.25 --init runs/default-second/style.safetensors --steps 2400 --steps-decay 1800
fit 0.8 --name default --load 160 --distance-base 0.8 --init runs/default-third/style.safetensors --steps 9000 --steps-decay 5000 \
  --augment translation,cutout --balance-shots

python - runs/default-third/style.safetensors runs/default/style.safetensors "$style" <<'PYTHON'
import sys
from dataclasses import replace
from pathlib import Path

import torch

from vidstyle.models.style import load_style, save_style

LAST_SHARE = 0.3
third, fourth = (load_style(Path(path)) for path in sys.argv[1:3])
weights = {name: torch.lerp(one.float(), fourth.weights[name].float(), LAST_SHARE) for name, one in third.weights.items()}
save_style(replace(fourth, weights=weights), Path(sys.argv[3]), torch.float16)
PYTHON

vidstyle render "$test_photos" -o runs/default-rendered --finish upscaler --overwrite
held_out=(--target-video "$episode" --target-range 64 80 --target-range 136 152 --target-range 176 192 --crops 600)
python -m benchmarks.style_score --photos "$test_photos" --styled runs/default-rendered "${held_out[@]}"
python -m benchmarks.style_score --photos "$test_photos" --style "$style" "${held_out[@]}"
