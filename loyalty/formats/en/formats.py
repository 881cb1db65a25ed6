"""English of Europe: 25 Nov 2026, 15:47."""

DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i"
FIRST_DAY_OF_WEEK = 1
