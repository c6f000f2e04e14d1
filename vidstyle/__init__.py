"""Learn the look of a cartoon from its episodes and paint video in it."""

__version__ = "0.1.0"
