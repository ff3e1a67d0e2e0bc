"""newsdesk: article events in, explained decisions out."""

__version__ = "0.1.0"
