"""Attention that turns CLIP's embeddings of an image into the embedding of a word (InST, Zhang et al. 2023, 3.2)."""

from torch import Tensor, nn


class ImageAttention(nn.Module):
    """Layers of cross-attention to the image, each queried by the result of the one before, then a linear layer.

    `width` is that of the image's embeddings and of the word's. Dropout keeps the network from memorising its one image.
    """

    def __init__(self, width: int, heads: int = 8, layers: int = 2, dropout: float = 0.05) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.MultiheadAttention(width, heads, dropout=dropout, batch_first=True) for _ in range(layers)
        )
        self.last = nn.Sequential(nn.Dropout(dropout), nn.Linear(width, width))

    def forward(self, whole: Tensor, patches: Tensor) -> Tensor:
        """Return words (n, width) for the embeddings of images, (n, width), and of their patches, (n, p, width)."""
        word = whole[:, None]
        for layer in self.layers:
            word, _ = layer(word, patches, patches, need_weights=False)
        return self.last(word)[:, 0]
