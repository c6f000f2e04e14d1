"""A picture is varied by real diffusion code: repeatably by its seed, further with more strength, at any size."""

from itertools import combinations
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.diffusion import WIDTH
from vidstyle.errors import StyleError
from vidstyle.models.inst.diffusion import DiffusionBase
from vidstyle.models.inst.diffusion_files import base_identity
from vidstyle.models.inst.diversifier import Diversifier, load_diffusion
from vidstyle.models.inst.diversifier_config import DiversifierConfig
from vidstyle.models.inst.look_file import Look
from vidstyle.progress import note, silent

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def base(tiny_base: Path) -> DiffusionBase:
    """The tiny diffusion model, fp32."""
    return DiffusionBase(tiny_base, CPU, torch.float32)


def word() -> Tensor:
    return torch.randn(WIDTH, generator=torch.Generator().manual_seed(4))


def photo(height: int = 40, width: int = 48) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(5))


def varying(base: DiffusionBase, strength: float = 0.3, seed: int = 0) -> Diversifier:
    return Diversifier(base, word(), DiversifierConfig(strength, steps=10, guidance=3.0), seed)


def test_strength_0_gives_the_very_picture_back(base: DiffusionBase) -> None:
    picture = photo(41, 53)
    assert varying(base, 0.0)(picture) is picture
    assert varying(base, 0.0).diversify(picture) is picture


def test_a_seed_gives_the_same_picture_again_and_another_seed_another(base: DiffusionBase) -> None:
    picture = photo()
    once, again, other = (varying(base, seed=seed)(picture) for seed in (1, 1, 2))
    assert torch.equal(once, again)
    assert (once - other).abs().mean() > 0.01
    assert torch.equal(varying(base, seed=7).with_seed(1)(picture), once)


def test_more_strength_gives_more_diversity(base: DiffusionBase) -> None:
    diversities = []
    for strength in (0.1, 0.3, 0.9):
        results = [varying(base, strength, seed)(photo()) for seed in range(4)]
        diversities.append(sum(float((first - second).abs().mean()) for first, second in combinations(results, 2)))
    assert diversities[0] < diversities[1] < diversities[2]


def test_small_strengths_do_at_least_one_step_and_large_ones_all(base: DiffusionBase) -> None:
    assert [len(varying(base, strength).times) for strength in (0.0, 0.01, 0.3, 1.0)] == [0, 1, 3, 10]


def test_a_batch_is_varied_as_its_pictures_are_alone(base: DiffusionBase) -> None:
    pictures = torch.cat([photo(), photo().flip(3)])
    alone = [varying(base)(picture[None]) for picture in pictures]
    assert torch.equal(varying(base)(pictures), torch.cat(alone))


def test_every_shot_has_a_noise_of_its_own(base: DiffusionBase) -> None:
    first, same, second = (varying(base).diversify(photo(), shot) for shot in (0, 0, 1))
    assert torch.equal(first, same)
    assert (first - second).abs().mean() > 0.01


@pytest.mark.parametrize(("height", "width"), [(41, 53), (39, 40), (17, 64)])
def test_any_size_comes_back_as_the_middle_of_a_mirrored_one(base: DiffusionBase, height: int, width: int) -> None:
    picture = photo(height, width)
    varied = varying(base)(picture)
    mirrored = functional.pad(picture, (0, width % 2, 0, height % 2), mode="reflect")
    assert varied.shape == picture.shape
    assert torch.equal(varied, varying(base)(mirrored)[..., :height, :width])
    assert varied.min() >= 0 and varied.max() <= 1


def test_painting_anew_is_that_of_the_library(base: DiffusionBase) -> None:
    """At full strength our steps must equal diffusers' own text-to-image loop, from the same latents."""
    model, latents = varying(base, 1.0), torch.randn(1, 4, 20, 24, generator=torch.Generator().manual_seed(6))
    pipeline = base._pipeline
    before, pipeline.scheduler = pipeline.scheduler, base.scheduler
    pipeline.set_progress_bar_config(disable=True)
    try:
        wanted = pipeline(
            prompt_embeds=base.encode_prompt(word()),
            negative_prompt_embeds=base.encode_prompt(None),
            latents=latents.clone(),
            height=40,
            width=48,
            num_inference_steps=10,
            guidance_scale=3.0,
            output_type="pt",
        ).images
    finally:
        pipeline.scheduler = before
    with torch.inference_mode():
        ours = base.decode(model._denoise(latents))
    assert (ours - wanted).abs().max() < 1e-4


class Knowing:
    """A model that finds exactly the noise that was added to `latents`; `seen` is what it was asked about last."""

    def __init__(self, base: DiffusionBase, latents: Tensor) -> None:
        self.scheduler, self.latents, self.seen = base.scheduler, latents, latents

    def predict(self, noisy: Tensor, time: int, prompt: Tensor) -> Tensor:
        self.seen, kept = noisy, self.scheduler.alphas_cumprod[time]
        return (noisy - kept.sqrt() * self.latents) / (1 - kept).sqrt()


def test_a_model_that_knows_the_noise_gives_back_what_was_noised(base: DiffusionBase) -> None:
    """Stochastic inversion then gives the noised picture itself, and painting anew the picture, whatever its range."""
    model, latents = varying(base, 0.5), 3 * torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(8))
    knowing = Knowing(base, latents)
    model.base = knowing  # type: ignore[assignment]
    inverted = model._invert(latents, 0)
    torch.testing.assert_close(inverted, knowing.seen)
    assert (inverted - latents).abs().mean() > 0.5
    assert (model._denoise(inverted) - latents).abs().mean() < 0.05


def test_attention_in_parts_gives_the_same_picture(base: DiffusionBase, tiny_base: Path) -> None:
    sliced = DiffusionBase(tiny_base, CPU, torch.float32, attention_slicing=True)
    assert (varying(base)(photo()) - varying(sliced)(photo())).abs().max() < 1e-4


def test_half_precision_stays_near(base: DiffusionBase, tiny_base: Path) -> None:
    half = DiffusionBase(tiny_base, CPU, torch.bfloat16)
    assert (varying(base, 0.1)(photo()) - varying(half, 0.1)(photo())).abs().mean() < 0.02


@pytest.mark.needs_cuda
@pytest.mark.parametrize("offload", ["none", "model", "sequential"])
def test_a_gpu_gives_the_picture_of_the_cpu(base: DiffusionBase, tiny_base: Path, offload: str) -> None:
    other = DiffusionBase(tiny_base, torch.device("cuda"), torch.float32, offload=offload)
    assert (varying(base, 0.1)(photo()) - varying(other, 0.1)(photo().cuda()).cpu()).abs().mean() < 1e-2


def test_another_base_is_told_of_and_one_with_other_words_refused(tiny_base: Path) -> None:
    said = []
    look = Look(word(), str(tiny_base), "0" * 64)
    load_diffusion(look, "", CPU, "int8", said.append)
    assert said == [
        note(f"The look was learnt with another base ({tiny_base}) than {tiny_base}: it may look different.")
    ]
    with pytest.raises(StyleError) as caught:
        load_diffusion(Look(torch.zeros(3), "gone", base_identity(tiny_base)), str(tiny_base), CPU, "fp32", silent)
    assert str(caught.value) == (
        f"The look has 3 numbers, and the words of {tiny_base} have 16. Give --diversify-base the base that the look was "
        "learnt with."
    )
