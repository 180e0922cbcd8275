"""Judged quality: a blind sample of both arms' answers, and the scores that come back"""
