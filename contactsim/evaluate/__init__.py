"""Simulated surveys that evaluate an action as the sources did, compared with the action's true effect."""
