"""Prices of models' tokens: a small dated table with sources, and an operator's own. Pure"""
