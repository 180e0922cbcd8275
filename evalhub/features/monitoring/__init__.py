"""Watches: the champion asked again and again, and an alarm when it isn't the model it was."""
