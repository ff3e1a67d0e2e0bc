"""The job of the desk on other frameworks; everything here runs without newsdesk."""
