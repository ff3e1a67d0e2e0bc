"""The benchmark: the desk, the transport floor and its peers on one broker, the same events, every answer checked.

A program, not a test: `cd tests && python -m bench`. What it runs is in `plan`, what it says in `report`.
"""
