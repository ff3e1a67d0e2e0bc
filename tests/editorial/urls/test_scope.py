from __future__ import annotations

import hashlib

import pytest

from newsdesk.editorial.urls import read_url, registered_domain
from newsdesk.editorial.urls.scope import PLATFORMS
from newsdesk.editorial.urls.suffixes import PSL_SHA256, psl_bytes


def test_the_public_suffix_list_is_the_snapshot_that_was_vendored_under_its_own_licence() -> None:
    data = psl_bytes()
    assert hashlib.sha256(data).hexdigest() == PSL_SHA256
    assert b"Mozilla Public" in data[:200]


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("www.cbc.ca", "cbc.ca"),
        ("news.bbc.co.uk", "bbc.co.uk"),
        ("a.blog.github.io", "blog.github.io"),
        ("www.city.kawasaki.jp", "city.kawasaki.jp"),
        ("WWW.Example.COM", "example.com"),
        ("www.xn--bcher-kva.ch", "xn--bcher-kva.ch"),
        ("www.example.unheard-of", "example.unheard-of"),
        ("github.io", "github.io"),
        ("co.uk", "co.uk"),
        ("com", "com"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("[2001:db8::1]", "[2001:db8::1]"),
        ("[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]"),
        ("a..b", "a..b"),
        ("", ""),
        ("a." * 1000, "a." * 1000),
    ],
)
def test_registered_domain(host: str, domain: str) -> None:
    assert registered_domain(host) == domain


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("https://www.nbcnews.com/news/amp/ncna1232591", "nbcnews.com"),
        ("https://www-nbcnews-com.cdn.ampproject.org/c/s/www.nbcnews.com/news/amp/ncna1232591", "nbcnews.com"),
        ("https://www.google.com/amp/s/amp.cnn.com/cnn/a", "cnn.com"),
        ("https://powerapps.microsoft.com/en-us/blog/a/", "microsoft.com"),
        ("https://x.cdn.ampproject.org/c/", "ampproject.org"),
        ("https://example.com:8080/a", "example.com"),
        ("https://example.com?p=1", "example.com"),
        ("http://127.0.0.1:8080/a", "127.0.0.1"),
        ("http://[::1]:8080/a", "[::1]"),
        ("http://localhost/a", "localhost"),
        ("https://youtu.be/WJk-Y8LQlfE", "youtube.com/watch?v=WJk-Y8LQlfE"),
        ("https://www.youtube.com/embed/WJk-Y8LQlfE", "youtube.com/watch?v=WJk-Y8LQlfE"),
        ("https://medium.com/@user/a-story-1?utm_source=x", "medium.com/@user/a-story-1"),
        ("https://someone.substack.com/p/a", "someone.substack.com/p/a"),
        ("https://www.msn.com/en-us/ar-BB1?ocid=x", "msn.com/en-us/ar-BB1"),
    ],
)
def test_scope(text: str, scope: str) -> None:
    assert read_url(text).scope == scope


def test_every_platform_is_a_registered_domain() -> None:
    assert {platform for platform in PLATFORMS if registered_domain(f"www.{platform}") != platform} == set()
