"""Where accepted examples go: training files and test sets, never both"""
