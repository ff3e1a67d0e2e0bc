"""The front-matter codec: an article file as text, an article as a dict, and back to the same bytes.

An article file is YAML between two lines `---` and nothing after them. Of YAML only what JSON can say is read:
anchors, tags, merge keys, repeated keys and YAML 1.1's own numbers, booleans and dates are refused or stay text.
"""

from newsdesk.editorial.frontmatter.errors import FrontMatterError
from newsdesk.editorial.frontmatter.reading import parse
from newsdesk.editorial.frontmatter.writing import render

__all__ = ["FrontMatterError", "parse", "render"]
