"""The command line: one start that supervises everything, and the tools of whoever runs it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
