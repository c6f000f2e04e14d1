"""A Stable Diffusion made while testing: all of its parts, tiny and with random weights, in the layout of diffusers."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

from vidstyle.models.inst.diffusion_files import PACKAGES

WIDTH = 16
SIDE = 32
"""Side of the pictures that the tiny CLIP sees, pixels."""


def needs_inst() -> None:
    """Skip the test where the extra `inst` is not installed."""
    if missing := [name for name in PACKAGES if not find_spec(name)]:
        pytest.skip(f"the extra inst is not installed: {', '.join(missing)}")


def make_base(folder: Path) -> Path:
    """Write a tiny Stable Diffusion 1.x with an image encoder into `folder` and return it."""
    from vidstyle.models.inst.diffusion_files import libraries

    diffusers, transformers = libraries()
    torch.manual_seed(0)
    clip = {"hidden_size": WIDTH, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    vision = {**clip, "projection_dim": WIDTH, "image_size": SIDE, "patch_size": 8}
    text = {**clip, "vocab_size": 4, "max_position_embeddings": 16, "bos_token_id": 0, "eos_token_id": 1}
    diffusers.StableDiffusionPipeline(
        vae=_vae(diffusers),
        text_encoder=transformers.CLIPTextModel(transformers.CLIPTextConfig(**text)),
        tokenizer=_tokenizer(folder / "words", transformers),
        unet=_unet(diffusers),
        scheduler=diffusers.PNDMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True, steps_offset=1
        ),
        safety_checker=None,
        feature_extractor=None,
        image_encoder=transformers.CLIPVisionModelWithProjection(transformers.CLIPVisionConfig(**vision)),
        requires_safety_checker=False,
    ).save_pretrained(folder)
    return folder


def _vae(diffusers: Any) -> Any:
    blocks = {"down_block_types": ["DownEncoderBlock2D"] * 2, "up_block_types": ["UpDecoderBlock2D"] * 2}
    return diffusers.AutoencoderKL(
        block_out_channels=[8, 16], norm_num_groups=4, latent_channels=4, sample_size=SIDE, **blocks
    )


def _unet(diffusers: Any) -> Any:
    """Return a noise predictor that listens to words more than random weights would."""
    unet = diffusers.UNet2DConditionModel(
        block_out_channels=(8, 16),
        layers_per_block=1,
        sample_size=SIDE // 2,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=2,
        norm_num_groups=4,
    )
    with torch.no_grad():
        for name, weight in unet.named_parameters():
            weight.mul_(6 if "attn2" in name else 1)
    return unet


def _tokenizer(folder: Path, transformers: Any) -> Any:
    folder.mkdir(parents=True)
    words = {"<|startoftext|>": 0, "<|endoftext|>": 1, "a</w>": 2, "a": 3}
    (folder / "vocab.json").write_text(json.dumps(words))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return transformers.CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=16)
