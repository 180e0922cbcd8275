"""Is a file worth training on? Its rows read, checked, reported, signed"""
