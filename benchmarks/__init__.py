"""Measurements: each module has a main() that prints ratios between two ways taken in the same run."""
