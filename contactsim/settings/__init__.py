"""Settings determine who can meet whom: mixing groups of numbered seats, small groups within them, and pairing."""
