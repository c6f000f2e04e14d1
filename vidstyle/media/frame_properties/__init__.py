"""Properties of frames that PyAV does not show: read from what ffmpeg knows of a stream, and given to frames."""
