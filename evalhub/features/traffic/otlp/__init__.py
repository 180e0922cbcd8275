"""OTLP bodies read, and spans and logs made into requests and signals"""
