#!/usr/bin/env bash
# Make the default style again, with the project's own commands:
#   bash benchmarks/default_style.sh EPISODE PHOTOS TEST_PHOTOS
# EPISODE is the cartoon of docs/default_style.md, PHOTOS the folder to learn from, TEST_PHOTOS one to score on. The VGG16 weights
# that the score needs are found in $VIDSTYLE_WEIGHTS. Three stretches of the episode are kept out of training for the score.
set -euo pipefail
episode=$1 photos=$2 test_photos=$3
style=vidstyle/styles/default.safetensors
dataset=runs/default-dataset

for stretch in "0 64" "80 136" "152 176" "192 208"; do
  read -r start end <<<"$stretch"
  vidstyle extract "$episode" -o "$dataset/trainB" --every 0.5 --size 288 --max-similarity 0.6 --start "$start" --end "$end"
done

vidstyle train "$dataset" --photos "$photos" --name default --channels 32 --crop 128 --load 192 --precision bf16 \
  --steps "${STEPS:-12000}" --steps-decay "${STEPS_DECAY:-3000}" --sample-every 500 --save-every 250

python - runs/default/style.safetensors "$style" <<'PYTHON'
import sys
from pathlib import Path

import torch

from vidstyle.models.style import load_style, save_style

save_style(load_style(Path(sys.argv[1])), Path(sys.argv[2]), torch.float16)
PYTHON

python -m benchmarks.style_score --photos "$test_photos" --style "$style" --target-video "$episode" \
  --target-range 64 80 --target-range 136 152 --target-range 176 192 --crops 600
