"""Places and bodies of government.

gazetteer.py  places by name and time, as mentioned in a text
bodies.py     kinds of bodies and their short names
"""
