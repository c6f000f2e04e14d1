"""The local page on which a style is seen before a render, jobs are watched, styles are trained and compared."""
