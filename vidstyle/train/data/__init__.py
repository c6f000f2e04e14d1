"""What a run learns from: the images of the dataset, their cache, and the batches drawn from them."""
