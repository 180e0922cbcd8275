"""Working sets: items still being written, checked for near-copies, published as a version"""
