"""The endpoints, a file a noun"""
