"""A monitor of inputs: what users ask, week by week, against a reference and against test sets."""
