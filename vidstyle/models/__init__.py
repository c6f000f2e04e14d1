"""Trained networks as image-to-image models, and the files that hold them."""
