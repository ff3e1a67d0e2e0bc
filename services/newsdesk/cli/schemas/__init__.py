"""The printer of schemas/: everything in that folder is made here, so that it cannot disagree with the code."""
