"""Settings say who can meet whom: mixing groups of numbered seats, small groups inside them, and pairing."""
