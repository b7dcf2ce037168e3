"""Settings say who can meet whom: pools of numbered seats, small circles inside them, and pairing."""
