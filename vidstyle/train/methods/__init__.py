"""The methods of the paper's Table I: what one training step of each does."""
