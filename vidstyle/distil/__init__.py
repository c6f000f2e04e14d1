"""Distilling: a teacher, which is a style with its finish, paints pictures once; a small student learns to paint as it did."""
