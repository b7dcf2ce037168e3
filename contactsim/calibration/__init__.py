"""Calibration by history matching: which parameter sets agree with what surveys, diaries and trials measured."""
