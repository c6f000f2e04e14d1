"""What a run does around its steps, by what it leaves: a style, pictures or a look."""
