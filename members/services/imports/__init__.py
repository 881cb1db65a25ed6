"""Importing files of receipts and returns: read and check everything, then post member by member in the order of time."""
