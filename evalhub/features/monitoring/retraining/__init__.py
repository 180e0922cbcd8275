"""Proposals to train again: made of a proven loss, taken up or declined, and what came of it"""
