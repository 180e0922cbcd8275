"""Webhooks by Standard Webhooks 1.0: other programs told of what happens"""
