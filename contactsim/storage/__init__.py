"""Results on disk, and the identity that says when two of them are the same."""
