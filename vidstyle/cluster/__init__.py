"""Renders on many GPUs and machines: Ray is the engine, the stages stay what they are on one machine."""
