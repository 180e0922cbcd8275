"""Judges: models that compare two answers. Asked, their votes kept, and checked against people"""
