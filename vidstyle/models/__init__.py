"""Trained networks as image-to-image models, the files that hold them, and what they run on."""
