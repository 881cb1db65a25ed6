"""How dates and times are written where Django's own way would surprise: for readers in Europe."""
