"""Monitors: the champion watched after it ships, and an alarm when it changed for the worse."""
