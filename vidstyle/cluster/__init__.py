"""Renders on many GPUs and machines by Ray. Pictures come out as they do on one machine."""
