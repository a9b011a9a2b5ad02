"""Detect the metadata of a report from its text.

detection.py     the entry point: title, year, date, issuer, place, kind, numbers
issuers.py       who issued a report, and what kind of report it is
dates.py         the year reported on, the dates of publication and session
planned_year.py  the year of a work report: the year that it plans
locating.py      the place
"""
