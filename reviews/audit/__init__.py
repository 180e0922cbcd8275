"""Was it blind? Each thing that can be checked, and the document that says so."""
