"""What the result's container can hold beside its pictures: tracks, tags, and what is said of the pictures."""
