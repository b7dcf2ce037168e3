"""Tests in tiers: unit (and property-based), baseline, statistical, browser, install."""

from hypothesis import settings

# The same examples each time, and no limit on their time: a kernel may have to be compiled first.
settings.register_profile("fixed", deadline=None, derandomize=True)
settings.load_profile("fixed")
