"""Django's PostgreSQL backend, except that the embedded server starts at the first connection."""
