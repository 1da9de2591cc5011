"""One module per shipped model: what it is trained on, how, and what its card says."""
