"""Texts before they are stored: personal data replaced, the language told"""
