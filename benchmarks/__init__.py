"""Figures that KeepAI promises, measured on the real thing beside a baseline in the same run: `make bench`."""
