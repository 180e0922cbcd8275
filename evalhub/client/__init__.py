"""A program's side of the API: files sent, studies handed in and followed. No Django"""
