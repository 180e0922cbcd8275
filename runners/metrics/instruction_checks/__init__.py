"""The checks of `instructions`: whether an answer does what was asked of its form.

Each is a function of the answer's text and the check's arguments, by the definitions of Zhou et
al. 2023 (arXiv:2311.07911) as lm-evaluation-harness 0.4.13 decides them.
"""
