"""Encounters: take-up, valence for each side, and what a week of meetings changes. Compiled kernels."""
