"""The embedded style is there, light, and truly moves photos towards its cartoon."""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from benchmarks.finish import measured
from benchmarks.style_score import distances, feature_extractor, matching, read_folder, read_video
from tests.clips import make_clip
from vidstyle.analysis.crops import draw_crops
from vidstyle.checksum import sha256_of
from vidstyle.cli.main import main
from vidstyle.device import resolve_precision
from vidstyle.errors import ExitCode
from vidstyle.media.images import list_images, read_image
from vidstyle.media.probe import probe
from vidstyle.models.style_file import find_style, load_style, shipped_styles, start_identity
from vidstyle.render.settings import RenderSettings
from vidstyle.render.stage import run

CARD = Path(__file__).parent.parent / "docs" / "model_cards.md"
HELD_OUT_SECONDS = ((64.0, 72.0), (136.0, 144.0), (176.0, 184.0))
SIZE, CROP, CROPS = 128, 64, 300
"""Short side of the pictures, side of the crops, crops of each set. The benchmark takes crops of 96 of 192 lines: the same
share of a picture, which VGG16 looks at for twice as long.
"""


def test_the_package_brings_it_in_half_precision_under_2_megabytes() -> None:
    path = find_style("default")
    assert path.stat().st_size < 2e6
    with safe_open(path, framework="pt") as file:
        assert {file.get_tensor(name).dtype for name in file.keys()} == {torch.float16}  # noqa: SIM118 - not a mapping
        assert "/" not in json.loads(file.metadata()["history"])["settings"]["photos"]


@pytest.mark.parametrize("name", shipped_styles())
def test_every_style_of_the_package_says_what_it_may_be_used_for(name: str) -> None:
    style = load_style(shipped_styles()[name])
    assert style.licence and style.attribution and style.description
    with safe_open(shipped_styles()[name], framework="pt") as file:
        kinds = {file.get_tensor(weight).dtype for weight in file.keys()}  # noqa: SIM118 - not a mapping
    assert kinds == {torch.float16}


@pytest.mark.parametrize("name", shipped_styles())
def test_its_card_describes_this_very_file(name: str) -> None:
    card, style = CARD.read_text(encoding="utf-8"), load_style(shipped_styles()[name])
    assert sha256_of(shipped_styles()[name]) in card
    assert f"{style.history['steps']:,} steps" in card
    assert style.licence in card and style.attribution in card


@pytest.mark.parametrize("name", shipped_styles())
def test_it_shares_its_start_with_the_others(name: str) -> None:
    flat = load_style(find_style("flat"))
    assert start_identity(load_style(shipped_styles()[name])) == start_identity(flat)


def test_render_needs_no_word_about_it(tmp_path: Path) -> None:
    make_clip(tmp_path / "in.mp4", size=(96, 64), frames=3, audio=1)
    with pytest.raises(SystemExit) as caught:
        main(["render", str(tmp_path / "in.mp4"), "-o", str(tmp_path / "out.mp4"), "--size", "32"])
    assert caught.value.code == ExitCode.OK
    streams = {stream.kind for stream in probe(tmp_path / "out.mp4").streams}
    assert streams == {"video", "audio"}


def test_it_is_listed_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["styles"])
    assert "default" in capsys.readouterr().out


@pytest.fixture(scope="module")
def rendered(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The photos that no style learnt from, as `vidstyle render` paints them."""
    folder = tmp_path_factory.mktemp("rendered")
    run(real_data / "test", folder, RenderSettings(overwrite=True))
    return folder


@pytest.mark.needs_data
def test_paintings_are_calm_and_true_to_photos_that_it_has_not_seen(real_data: Path, rendered: Path) -> None:
    rows = []
    for path in list_images(real_data / "test"):
        rows.append(measured(read_image(path), read_image(next(rendered.glob(f"{path.stem}.*")))))
    plain, flat, chroma, lightness, edges = np.array(rows).T
    assert np.median(plain) <= 1.1
    assert flat.mean() >= 0.30
    assert (chroma.mean() <= 15, lightness.mean() <= 10, edges.mean() >= 0.8) == (True, True, True)


@pytest.mark.needs_data
@pytest.mark.needs_weights
def test_rendering_brings_held_out_photos_closer_to_held_out_frames(
    real_data: Path, real_weights: Path, rendered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDSTYLE_WEIGHTS", str(real_weights))
    photos = read_folder(real_data / "test", SIZE)
    styled = matching(photos, read_folder(rendered, SIZE))
    frames = read_video(real_data / "episode" / "penny_chip_episode_388p.mp4", HELD_OUT_SECONDS, 0.5, SIZE)
    device = torch.device("cpu")
    extract = feature_extractor(device, resolve_precision("auto", device))

    def features(pictures: Iterable[torch.Tensor], crops: int, seed: int) -> np.ndarray:
        return extract(draw_crops(list(pictures), crops, CROP, seed))

    goal = np.concatenate([features(frames[start::2], CROPS // 2, 1 + start) for start in (0, 1)])
    before, after = (distances(features(pictures.values(), CROPS, 0), goal) for pictures in (photos, styled))
    assert len(goal) == CROPS
    assert after["fd-vgg16"] <= 0.69 * before["fd-vgg16"]
