"""One search over studies, versions, test sets, reviews and items, of what a person may see."""
