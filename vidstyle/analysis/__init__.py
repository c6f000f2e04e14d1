"""Measurements of pictures, of sets of pictures and of videos: arrays go in, numbers and decisions come out.

Some serve several stages, most serve one. None of them reads a file.
"""
