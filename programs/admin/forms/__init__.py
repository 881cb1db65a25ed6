"""Forms over parts of a programme's document (rules, point types, ladders, policies).

A form field stands for a place in the document: `effect__step` is `step` inside `effect`. Fields say how a value is
typed; what is allowed is decided by the same reader that reads programme files, and its faults come back to the fields.
"""
