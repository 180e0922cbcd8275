"""Evalhub: should this fine-tuned model replace what we run now?"""

__version__ = "0.1.0"
