"""Training objectives: what a network is fitted to make small."""
