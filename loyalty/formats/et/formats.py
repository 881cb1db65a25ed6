"""Estonian, of which Django knows days but not moments: 25. november 2026 15:47."""

DATETIME_FORMAT = "j. F Y G:i"
FIRST_DAY_OF_WEEK = 1
