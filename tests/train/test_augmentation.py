"""What discriminators are shown changes as asked, mildly, and leaves a gradient."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.train.conftest import small
from vidstyle.errors import SettingsError
from vidstyle.progress import silent
from vidstyle.run_folder import read_log
from vidstyle.train.augmentation import augment
from vidstyle.train.stage import run


def _random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _images() -> torch.Tensor:
    return torch.rand(4, 3, 32, 48, generator=_random(9)) * 1.6 - 0.8


@pytest.mark.parametrize("kind", ["colour", "translation", "cutout"])
def test_each_image_changes_in_its_own_way_and_again_by_the_same_draw(kind: str) -> None:
    same = _images()[:1].expand(4, -1, -1, -1)
    changed = augment(same, [kind], _random())
    assert changed.shape == same.shape
    assert torch.equal(changed, augment(same, [kind], _random()))
    assert all(not torch.equal(changed[0], image) for image in [*changed[1:], same[0]])


@pytest.mark.parametrize("kind", ["colour", "translation", "cutout"])
def test_the_gradient_goes_through_as_finite_differences_say(kind: str) -> None:
    images = _images()[:, :, :12, :12].double().requires_grad_()
    assert torch.autograd.gradcheck(lambda given: augment(given, [kind], _random()), images)


def test_a_translation_shifts_by_an_eighth_at_most_and_fills_with_grey() -> None:
    image = torch.ones(64, 3, 32, 32)
    moved = augment(image, ["translation"], _random())
    empty_rows = (moved[:, 0] == 0).all(2).sum(1)
    assert empty_rows.max() == 4
    assert empty_rows.min() == 0
    assert set(moved.unique().tolist()) == {0.0, 1.0}


def test_a_cutout_blanks_a_square_of_a_quarter_of_the_side() -> None:
    blanked = augment(torch.ones(8, 3, 32, 48), ["cutout"], _random()) == 0
    assert blanked.sum((1, 2, 3)).tolist() == [3 * 8 * 12] * 8


def test_colours_stay_near_those_of_the_picture() -> None:
    change = augment(_images(), ["colour"], _random()) - _images()
    assert 0.02 < change.abs().mean() < 0.3
    grey = augment(torch.full((4, 3, 8, 8), 0.5), ["colour"], _random())
    assert (grey.amax((1, 2, 3)) - grey.amin((1, 2, 3))).max() < 1e-6
    assert (grey - 0.5).abs().max() <= 0.25


def test_an_unknown_change_is_refused() -> None:
    with pytest.raises(SettingsError) as caught:
        small(augment="colour,rotation")
    assert str(caught.value) == "augment cannot hold 'rotation': it takes none, or some of colour, translation, cutout."


@pytest.mark.parametrize("method", ["cut", "cyclegan", "cartoon"])
def test_augmentation_changes_what_is_learnt(dataset: Path, tmp_path: Path, method: str) -> None:
    for augmentation in ("none", "colour,translation,cutout"):
        run(dataset, tmp_path, small(method=method, name=augmentation, augment=augmentation, steps=2), silent)
    one, other = (load_file(path) for path in sorted(tmp_path.glob("*/style.safetensors")))
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_r1_is_logged_and_holds_the_discriminators_gradient(dataset: Path, tmp_path: Path) -> None:
    last = {}
    for weight in (1e-6, 100.0):
        run(dataset, tmp_path, small(method="cut", name=f"{weight}", lambda_r1=weight, steps=40, lr=2e-3), silent)
        last[weight] = read_log(tmp_path / f"{weight}" / "log.csv")[-1]["R1"]
    assert last[100.0] < 0.2 * last[1e-6]


def test_clipped_gradients_are_as_long_as_asked(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = []
    step = torch.optim.Adam.step

    def measure(self: torch.optim.Adam) -> None:
        gradients = [
            weight.grad for group in self.param_groups for weight in group["params"] if weight.grad is not None
        ]
        lengths.append(float(torch.cat([gradient.flatten() for gradient in gradients]).norm()))
        step(self)

    monkeypatch.setattr(torch.optim.Adam, "step", measure)
    run(dataset, tmp_path, small(gradient_clip=0.01, steps=2), silent)
    assert len(lengths) == 6
    assert max(lengths) == pytest.approx(0.01, rel=1e-3)
