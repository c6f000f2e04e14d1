"""What only a GPU can tell, in one command: see `python -m benchmarks.on_gpu --help`."""
