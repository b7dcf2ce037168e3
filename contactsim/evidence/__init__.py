"""Tests of published findings: registered designs, estimands, verdicts, the baseline and the report."""
