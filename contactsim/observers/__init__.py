"""Observers: small classes that read a world at fixed moments of a week and never change it."""
