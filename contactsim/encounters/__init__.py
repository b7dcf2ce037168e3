"""Encounters: pairing, take-up, valence for each side, learning and ties. Compiled kernels."""
