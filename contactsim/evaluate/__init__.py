"""Evaluation as the sources did it: a simulated survey of an action, analysed as usual, beside the truth."""
