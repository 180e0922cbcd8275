"""Training records on pages: their fields in words, their losses, what to read critically"""
