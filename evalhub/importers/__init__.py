"""Importers for other tools' logs: items, answers and scores; a file a tool, one table. Pure"""
