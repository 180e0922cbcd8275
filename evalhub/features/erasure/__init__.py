"""Erasure: a person's names and ways in, or an item's text, taken out for good"""
