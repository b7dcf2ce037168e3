"""Measures: what is recorded week by week, and what a survey of the residents finds."""
