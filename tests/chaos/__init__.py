"""The proof under faults: `python -m chaos --help`."""
