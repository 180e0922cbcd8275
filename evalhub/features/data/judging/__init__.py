"""A judge is asked whether a file's answers are right"""
