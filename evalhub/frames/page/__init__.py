"""What all pages have in common: who may look"""
