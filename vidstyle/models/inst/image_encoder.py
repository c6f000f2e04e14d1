"""CLIP's image encoder: what it sees of a picture."""

from pathlib import Path

import torch
from torch import Tensor

from vidstyle.errors import StyleError
from vidstyle.models.inst.diffusion_files import BROKEN, libraries
from vidstyle.models.resize import resize

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_DEVIATION = (0.26862954, 0.26130258, 0.27577711)
"""What CLIP's pictures are normalised with, for red, green and blue (Radford et al. 2021)."""


@torch.no_grad()
def see(folder: Path, picture: Tensor, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return CLIP's embeddings of a picture (1, 3, h, w) in [0, 1], (1, width), and of its parts, (1, p, width), fp32.

    Raises StyleError when the encoder in `folder` is broken, or its embeddings are not as wide as the words of the base.
    """
    try:
        encoder = libraries()[1].CLIPVisionModelWithProjection.from_pretrained(folder, local_files_only=True)
    except BROKEN as error:
        raise StyleError(
            f"The image encoder {folder} cannot be loaded ({error}). Copy or download it again."
        ) from error
    if encoder.config.projection_dim != width:
        raise StyleError(
            f"The image encoder {folder} gives {encoder.config.projection_dim} numbers, and the words of the base have "
            f"{width}. Give --image-encoder the CLIP that the base was made with."
        )
    encoder = encoder.eval().to(device, torch.float32)
    found = encoder(pixel_values=_as_clip_sees(picture.to(device), encoder.config.image_size))
    parts = encoder.visual_projection(encoder.vision_model.post_layernorm(found.last_hidden_state))
    return found.image_embeds, parts


def _as_clip_sees(picture: Tensor, side: int) -> Tensor:
    height, width = picture.shape[-2:]
    factor = side / min(height, width)
    small = resize(picture, (max(side, round(width * factor)), max(side, round(height * factor))))
    top, left = ((size - side) // 2 for size in small.shape[-2:])
    middle = small[..., top : top + side, left : left + side]
    mean, deviation = (middle.new_tensor(values).view(1, 3, 1, 1) for values in (CLIP_MEAN, CLIP_DEVIATION))
    return (middle - mean) / deviation
