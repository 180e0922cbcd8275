"""The documents' pictures: what is there to be seen, what is taken of it, and the command."""

from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
IMAGES = DOCS / "images"
FIGURES = DOCS / "reference" / "figures"
