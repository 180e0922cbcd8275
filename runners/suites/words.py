"""Everyday words that the suites draw from."""

# ruff: noqa: SIM905 - eighty pairs of quotes would hide the words

NOUNS = (
    "apple basket bird bottle bread bridge brush butter button camera candle carpet castle chair "
    "cheese circle cloud coffee corner cotton desert dinner doctor dragon drum eagle engine family "
    "farmer feather finger flower forest garden glass guitar hammer harbor honey house island "
    "jacket kitchen ladder lemon letter lion market mirror monkey mountain needle ocean orange "
    "paper pencil piano pillow planet pocket rabbit river rocket school shadow silver spider "
    "spoon summer table tiger tower train turtle valley violin wagon water window winter"
).split()

NAMES = (
    "Anna Ben Clara David Emma Frank Grace Henry Ivy Jack Kate Leo Maria Noah Olivia Paul "
    "Rosa Sam Tina Victor"
).split()

COLOURS = "red blue green yellow white black brown purple".split()
