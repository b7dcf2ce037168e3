"""Comparisons of paired runs under common random numbers: effects, costs, and differences between comparisons."""
