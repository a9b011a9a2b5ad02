"""Detect the metadata of a report from its text.

detection.py     the entry point: title, year, date, issuer, region, doctype, numbers
issuers.py       who issued a report, and its doctype
dates.py         the year reported on, the date of publication, the date of the session at which a report was given
planned_year.py  the year of a work report: the year that it plans
locating.py      the region
names.py         the names of values: short names of places and bodies, forms of sections and kinds of reports
"""
