"""CLIP's image encoder, which gives the embeddings that a look is learnt from."""

from pathlib import Path

import torch
from torch import Tensor

from vidstyle.errors import StyleError
from vidstyle.models.inst.diffusion_files import LOAD_ERRORS, libraries
from vidstyle.models.resize import resize

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_DEVIATION = (0.26862954, 0.26130258, 0.27577711)
"""Mean and deviation with which CLIP normalises red, green and blue (Radford et al. 2021)."""


@torch.no_grad()
def encode_image(folder: Path, picture: Tensor, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return CLIP's embeddings of a picture (1, 3, h, w) in [0, 1] and of its patches: (1, width) and (1, p, width), fp32.

    Raises StyleError when the encoder in `folder` is broken, or when its embeddings are not of `width`.
    """
    try:
        encoder = libraries()[1].CLIPVisionModelWithProjection.from_pretrained(folder, local_files_only=True)
    except LOAD_ERRORS as error:
        raise StyleError(
            f"The image encoder {folder} cannot be loaded ({error}). Copy or download it again."
        ) from error
    if encoder.config.projection_dim != width:
        raise StyleError(
            f"The image encoder {folder} gives {encoder.config.projection_dim} numbers, and the words of the base have "
            f"{width}. Give --image-encoder the CLIP that the base was made with."
        )
    encoder = encoder.eval().to(device, torch.float32)
    output = encoder(pixel_values=_preprocess(picture.to(device), encoder.config.image_size))
    patches = encoder.visual_projection(encoder.vision_model.post_layernorm(output.last_hidden_state))
    return output.image_embeds, patches


def _preprocess(picture: Tensor, side: int) -> Tensor:
    """Return the middle square of a picture, resized to `side` pixels and normalised as CLIP expects it."""
    height, width = picture.shape[-2:]
    factor = side / min(height, width)
    resized = resize(picture, (max(side, round(width * factor)), max(side, round(height * factor))))
    top, left = ((size - side) // 2 for size in resized.shape[-2:])
    middle = resized[..., top : top + side, left : left + side]
    mean, deviation = (middle.new_tensor(values).view(1, 3, 1, 1) for values in (CLIP_MEAN, CLIP_DEVIATION))
    return (middle - mean) / deviation
