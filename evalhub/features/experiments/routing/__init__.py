"""Who gets which arm: rules in memory, flags by OFREP, rules for clients that hash themselves"""
