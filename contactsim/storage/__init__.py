"""Results on disk, and their identity: a digest of everything that decides them."""
