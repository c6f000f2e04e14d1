"""Networks as torch modules, without files or settings."""
