"""Score audits: scores said to be wrong, and how often a metric errs"""
