"""What a file is: a picture, a video or neither, found by looking into it."""
