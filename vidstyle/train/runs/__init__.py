"""What the first process does around the steps of a run, by what the run leaves: a style, pictures or a look."""
