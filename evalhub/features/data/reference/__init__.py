"""What a training file is compared with: traffic, a file, the project's test sets"""
