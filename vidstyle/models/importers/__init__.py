"""Readers of generators that other programs trained, which become styles."""
