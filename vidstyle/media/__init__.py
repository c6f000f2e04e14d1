"""Reading and writing of video, sound and image files."""
