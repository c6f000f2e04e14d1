"""Reading of damaged video: which pictures are lost, and which show what a decoder made up."""
