"""The stage that turns episodes into training frames."""
