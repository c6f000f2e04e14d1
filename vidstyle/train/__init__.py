"""The stage that fits a style."""
