"""What is checked of training rows: one file a check, listed in `table.py`"""
