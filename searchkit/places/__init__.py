"""Places and government bodies.

gazetteer.py  places by name and year, and their mentions in a text
bodies.py     kinds of government bodies and their short names
"""
