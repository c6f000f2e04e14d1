"""From what CLIP sees of an image to the embedding of one word, by attention (InST, Zhang et al. 2023, section 3.2)."""

from torch import Tensor, nn


class ImageAttention(nn.Module):
    """Layers of cross-attention, each of which asks the image again with the answer of the one before, and a last linear one.

    `width` is that of the image's embeddings and of the word's; dropout of 0.05 keeps one image from being learnt by heart.
    """

    def __init__(self, width: int, heads: int = 8, layers: int = 2, dropout: float = 0.05) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.MultiheadAttention(width, heads, dropout=dropout, batch_first=True) for _ in range(layers)
        )
        self.last = nn.Sequential(nn.Dropout(dropout), nn.Linear(width, width))

    def forward(self, whole: Tensor, parts: Tensor) -> Tensor:
        """Return the word (n, width) for the embeddings of images, (n, width), and of their parts, (n, p, width)."""
        word = whole[:, None]
        for layer in self.layers:
            word, _ = layer(word, parts, parts, need_weights=False)
        return self.last(word)[:, 0]
