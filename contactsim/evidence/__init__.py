"""Evidence: designs fixed beforehand, estimands, bands and knock-outs, verdicts and reports."""
