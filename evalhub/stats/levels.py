"""Default error levels and assumptions."""

# One-sided level of a bound: two of them make a 95% interval.
ALPHA = 0.025
# One-sided level at which harm is called.
HARM_ALPHA = 0.025
# Chance to show what is true.
POWER = 0.8
# A fair coin; the win score of two arms that are liked alike.
EVEN = 0.5
# How far people are taken to differ in what they like: deviation of their own win scores.
LEAN = 0.07
# People's labels below which a judge isn't corrected: with ten, a normal interval covers .88.
FEWEST_HUMAN_LABELS = 50
