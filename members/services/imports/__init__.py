"""Importing files of receipts: read and check everything, then post member by member in the order of time."""
