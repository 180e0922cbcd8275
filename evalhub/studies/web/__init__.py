"""What comes by web or REST: bundles and uploads, known by their digests"""
