"""Shadow studies: sampled requests become a test set, and what production answered its baseline"""
