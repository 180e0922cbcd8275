"""A decision's record shown: its parts for pages, and as one HTML file of its own."""
