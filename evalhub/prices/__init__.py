"""Prices of tokens and of GPU hours: dated tables with sources, and an operator's own. Pure"""
