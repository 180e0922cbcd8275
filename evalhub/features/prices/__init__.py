"""Prices' commands: list, check and look up what tokens and GPU hours cost"""
