"""The rules of a programme as pure functions: read a document, compile it, evaluate a purchase.

Nothing here knows Django, the database or the clock: what is needed comes in as an argument. Whoever gives
the same facts and the same document gets the same answer, today or in ten years.
"""
