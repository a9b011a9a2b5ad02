"""What a report says about itself.

detection.py  all of it: title, year, day, issuer, place, kind, numbers
issuers.py    who issued it, and what kind of report it is
dates.py      the year reported on, the day of publication
locating.py   the place
"""
