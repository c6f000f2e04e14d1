"""The stage that paints video and images."""
