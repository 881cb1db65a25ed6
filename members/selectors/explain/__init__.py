"""The reason for every point of a receipt (and in `happening` of an event): as data, and in words of a language."""

from members.selectors.explain.receipt import Explanation, explain, receipts
from members.selectors.explain.words import Words, as_data, in_words

__all__ = ["Explanation", "Words", "as_data", "explain", "in_words", "receipts"]
