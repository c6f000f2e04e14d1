#!/usr/bin/env bash
# Pack what `python -m benchmarks.on_gpu` needs on a bare machine into the folder gpu_kit, and say what to run there:
#   bash benchmarks/on_gpu_kit.sh --art FOLDER --photos FOLDER
# Options:
#   --art FOLDER      pictures to learn the style from; may be given several times
#   --photos FOLDER   photos to learn from
#   --weights FOLDER  folder of pretrained weights (default: $VIDSTYLE_WEIGHTS, or what is installed)
#   --without WHAT    leave out code, packages or vgg16; may be given several times
#   --most MIB        what the kit may weigh (default: 59, or what the working tree leaves of 63)
#   --side PIXELS     short side of the pictures, as `--load` of `vidstyle train` (default: 286)
#   --python VERSION  Python of that machine (default: 3.12, on Linux, x86-64)
#   --kit FOLDER      folder of the kit (default: gpu_kit in the working tree, which git ignores)
# $PYTHON is the Python that packs it (default: python3). Without a way to the package index the
# kit goes without PyAV. Of what is too heavy VGG16 is left out first, then the packages.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
python="${PYTHON:-python3}" art=() photos="" weights="${VIDSTYLE_WEIGHTS:-}" without=" " most="" side=286 version=3.12
kit="$root/gpu_kit" quality=78
while [ $# -gt 0 ]; do
  case $1 in
    --art) art+=("$2") ;;
    --photos) photos=$2 ;;
    --weights) weights=$2 ;;
    --without) without+="$2 " ;;
    --most) most=$2 ;;
    --side) side=$2 ;;
    --python) version=$2 ;;
    --kit) kit=$2 ;;
    *) echo "There is no option $1. See the head of $0." >&2 && exit 2 ;;
  esac
  shift 2
done

tree=$(cd "$root" && git ls-files -z | xargs -0 du -c --apparent-size -B1 2>/dev/null | awk '/total$/ {sum += $1} END {print int(sum / 1048576) + 1}')
[ -n "$most" ] || most=$((63 - tree < 59 ? 63 - tree : 59))
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
rm -rf "$kit" && mkdir -p "$kit"
wants() { [[ $without != *" $1 "* ]]; }
mib() { awk -v bytes="$(stat -c %s "$1")" 'BEGIN {printf "%.1f MiB", bytes / 1048576}'; }

if wants code; then
  (cd "$root" && git ls-files -z -- vidstyle benchmarks tests sample_videos setup.cfg pyproject.toml ':!sample_videos/cartoon.mp4' | tar --null -T - -cf "$work/code.tar")
  xz -T0 -c "$work/code.tar" >"$kit/code.tar.xz"
fi

if [ ${#art[@]} -gt 0 ] || [ -n "$photos" ]; then
  PYTHONPATH="$root" "$python" - "$work/data" "$side" "$quality" "$photos" "${art[@]}" <<'PYTHON'
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from vidstyle.media.images import jpeg_of, list_images, read_image

target, side, quality, photos, *art = sys.argv[1:]
for name, folders in (("trainA", [photos] if photos else []), ("trainB", art)):
    folder = Path(target, name)
    folder.mkdir(parents=True)
    for number, source in enumerate(folders):
        for path in list_images(Path(source)):
            image = Image.fromarray(read_image(path))
            factor = min(1, int(side) / min(image.size))
            scaled = image.resize([round(length * factor) for length in image.size], Image.Resampling.LANCZOS)
            (folder / f"{number}_{path.stem}.jpg").write_bytes(jpeg_of(np.asarray(scaled), int(quality)))
PYTHON
  tar -cf "$kit/data.tar" -C "$work/data" .
fi

mkdir "$work/weights"
PYTHONPATH="$root" VIDSTYLE_WEIGHTS="$weights" "$python" - "$work/weights" "$(wants vgg16 && echo vgg16)" <<'PYTHON'
import sys
from pathlib import Path

from safetensors.torch import save_file

from vidstyle.errors import StyleError
from vidstyle.models.weights import known_weights, load_weights

folder, vgg16 = sys.argv[1:]
for name in filter(None, ("realesr-animevideov3", vgg16)):
    try:
        weights = {key: value.half().contiguous() for key, value in load_weights(name).items()}
    except StyleError as error:
        print(f"Left out: {error}")
    else:
        save_file(weights, Path(folder) / known_weights(name).files[0])
PYTHON
tar -cf "$kit/weights.tar" -C "$work/weights" --exclude='vgg16*' .
[ ! -f "$work/weights/vgg16_features.safetensors" ] || tar -cf "$kit/vgg16.tar" -C "$work/weights" vgg16_features.safetensors

fetch() { # packages
  local tags=() tag
  for tag in manylinux_2_28_x86_64 manylinux_2_27_x86_64 manylinux_2_17_x86_64 manylinux2014_x86_64 any; do tags+=(--platform "$tag"); done
  timeout 300 "$python" -m pip download --quiet --no-deps --only-binary=:all: --python-version "$version" --implementation cp \
    "${tags[@]}" --dest "$work/wheels" "$@"
}
if wants packages; then
  mkdir "$work/wheels" "$work/packages"
  if fetch 'av>=18,<19' ffmpeg-python future 'imageio-ffmpeg>=0.5' 'hypothesis>=6' sortedcontainers 2>"$work/pip.log"; then
    for wheel in "$work"/wheels/*.whl; do "$python" -m zipfile -e "$wheel" "$work/packages"; done
    rm -f "$work"/packages/imageio_ffmpeg/binaries/ffmpeg-*  # 65 MiB, of which only sound needs any
    find "$work/packages" -name '*.so*' -exec strip --strip-unneeded {} + 2>/dev/null || true
    tar -cf "$work/packages.tar" -C "$work/packages" .
    xz -T0 -c "$work/packages.tar" >"$kit/packages.tar.xz"
  else
    echo "Left out: PyAV and the other packages cannot be fetched ($(tail -n 1 "$work/pip.log")). Files cannot be rendered there."
  fi
fi

cat >"$kit/start.sh" <<'START'
#!/usr/bin/env bash
# Unpack the kit beside this file and start `python -m benchmarks.on_gpu` with the arguments given.
set -euo pipefail
kit="$(cd "$(dirname "$0")" && pwd)"
python="${PYTHON:-python3}" at="${ON_GPU_FOLDER:-${TMPDIR:-/tmp}/vidstyle-on-gpu}"
unpack() { # archive folder
  mkdir -p "$at/$2"
  [ ! -f "$kit/$1" ] || "$python" -m tarfile -e "$kit/$1" "$at/$2"
}
unpack code.tar.xz code
unpack packages.tar.xz packages
unpack weights.tar weights
unpack vgg16.tar weights
unpack data.tar data
[ -d "$at/code/vidstyle" ] || at_code="$(cd "$kit/.." && pwd)"
export VIDSTYLE_WEIGHTS="$at/weights"
export PYTHONPATH="${at_code:-$at/code}:$at/packages${PYTHONPATH:+:$PYTHONPATH}"
dataset=()
[ ! -d "$at/data/trainB" ] || dataset=(--dataset "$at/data")
cd "${at_code:-$at/code}"
exec "$python" -m benchmarks.on_gpu "${dataset[@]}" "$@"
START

weight() { du -c --apparent-size -B1 "$kit"/* | awk 'END {print $1}'; }
for heavy in vgg16.tar packages.tar.xz; do
  if [ "$(weight)" -gt $((most * 1048576)) ] && [ -f "$kit/$heavy" ]; then
    echo "Left out: $heavy, $(mib "$kit/$heavy"), since the kit may weigh $most MiB. Leave out something else with --without."
    rm "$kit/$heavy"
  fi
done
for file in "$kit"/*; do echo "$(mib "$file")  $(basename "$file")"; done
awk -v bytes="$(weight)" -v kit="$kit" -v tree="$tree" \
  'BEGIN {printf "%s weighs %.1f MiB; the files that git tracks, which may travel beside it, %d MiB.\n", kit, bytes / 1048576, tree}'
[ "$(weight)" -le $((most * 1048576)) ] || { echo "It is heavier than $most MiB. Give fewer pictures, or a smaller --side." >&2 && exit 1; }
echo "There, run: bash $(basename "$kit")/start.sh -o \"\$OUT\" --minutes 9"
