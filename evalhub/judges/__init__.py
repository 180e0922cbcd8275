"""Judges: models that compare two answers. Runs, votes and claims, and the check against people"""
