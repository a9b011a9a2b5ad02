"""Benchmarks of searchkit and its peers: see README.md. Nothing here is part of the package."""
