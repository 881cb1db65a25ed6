"""The arithmetic of the ledger as pure code: no Django, no clock, no database."""
