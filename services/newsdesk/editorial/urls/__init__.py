"""URLs: what people click (clean), what two links to one article share (key), and what one task must see (scope)."""

from __future__ import annotations

from newsdesk.editorial.urls.amp_cache import amp_cache_url
from newsdesk.editorial.urls.errors import UrlError
from newsdesk.editorial.urls.suffixes import registered_domain
from newsdesk.editorial.urls.url import Url, read_url

__all__ = ["Url", "UrlError", "amp_cache_url", "read_url", "registered_domain"]
