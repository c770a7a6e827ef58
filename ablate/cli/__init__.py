"""The command line: parse, one call, print."""

from ablate.cli.main import app, main

__all__ = ["app", "main"]
