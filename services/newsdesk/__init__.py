"""newsdesk: article events in, explained decisions out."""
