"""What the pages of experiments show"""
