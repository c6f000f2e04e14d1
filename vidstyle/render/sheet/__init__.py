"""A sheet of one picture in every style."""
