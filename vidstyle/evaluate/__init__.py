"""The evaluate stage: what pictures, runs and videos score, and on what each figure rests."""
