"""The documents' pictures: what is there to be seen, what is taken of it, and the command."""

from pathlib import Path

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
