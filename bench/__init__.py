"""Benchmarks of searchkit and of other search engines, see README.md. Not part of the package."""
