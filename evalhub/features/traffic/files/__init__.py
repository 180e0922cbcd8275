"""Rows read from files and bodies, and from another gateway's log"""
