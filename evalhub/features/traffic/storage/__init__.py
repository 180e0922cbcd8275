"""Batches written once, added up by the hour, and dropped by the day"""
