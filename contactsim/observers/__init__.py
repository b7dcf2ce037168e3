"""Observers: classes that read a world at a fixed moment of each week and never change it."""
