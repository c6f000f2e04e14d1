"""What a run learns from: the images, their cache, and the batches drawn from them."""
