"""Worked examples on a programme's desk: the list, and each as a form and as YAML with what came of its last run."""

from members.admin.examples import pages

__all__ = ["pages"]
