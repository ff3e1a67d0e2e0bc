from __future__ import annotations

import pytest
from hypothesis import given, settings

from editorial.urls.strategies import HOSTILE
from newsdesk.editorial.urls import amp_cache_url, read_url
from newsdesk.editorial.urls.amp_cache import cache_label


@pytest.mark.parametrize(
    ("amp", "cached"),
    [
        pytest.param(
            "https://www.nbcnews.com/news/amp/ncna1232591",
            "https://www-nbcnews-com.cdn.ampproject.org/c/s/www.nbcnews.com/news/amp/ncna1232591",
            id="the seed",
        ),
        pytest.param(
            "http://hello-site.com/a?amp&utm_source=x#part",
            "https://hello--site-com.cdn.ampproject.org/c/hello-site.com/a?amp&utm_source=x",
            id="http, a dash, parameters and a fragment",
        ),
        pytest.param(
            "https://example.com:8443/a", "https://example-com.cdn.ampproject.org/c/s/example.com:8443/a", id="a port"
        ),
        pytest.param(
            "https://example-com.cdn.ampproject.org/c/s/example.com/a",
            "https://example-com.cdn.ampproject.org/c/s/example.com/a",
            id="already cached",
        ),
        pytest.param("ftp://example.com/a", None, id="not http"),
        pytest.param("no url", None, id="no URL"),
        pytest.param("https://user:secret@example.com/a", None, id="credentials"),
        pytest.param("https://a..com/a", None, id="no host"),
    ],
)
def test_amp_cache_url(amp: str, cached: str | None) -> None:
    assert amp_cache_url(amp) == cached
    if cached is not None:
        assert read_url(cached).key == read_url(amp).key


@pytest.mark.parametrize(
    ("host", "label"),
    [
        ("hello--world.com", "hello----world-com"),
        ("en-us.example.com", "0-en--us-example-com-0"),
        ("xn--57hw060o.com", "xn---com-p33b41770a"),
        ("xn--bcher-kva.ch", "xn--bcher-ch-65a"),
        ("xn--4gbrim.xn----rmckbbajlc6dj7bxne2c.xn--wgbh1c", "xn-------i5fvcbaopc6fkc0de0d9jybegt6cd"),
        pytest.param(
            "hello.xn--4gbrim.xn----rmckbbajlc6dj7bxne2c.xn--wgbh1c",
            "a6h5moukddengbsjm77rvbosevwuduec2blkjva4223o4bgafgla",
            id="mixed writing directions: a hash",
        ),
        pytest.param(
            "xn--xgb49a.xn--xgb6g",
            "asdk26k2mfqxgc6cdx3oh3vlnx42rqwn6uvsuqrufnx622tguq6q",
            id="mixed Arabic digits: a hash",
        ),
        pytest.param("toplevelnohyphens", "qsgpfjzulvuaxb66z77vlhb5gu2irvcnyp6t67cz6tqo5ae6fysa", id="no dot: a hash"),
        pytest.param(
            "itwasadarkandstormynight.therainfellintorrents.exceptatoccasionalintervalswhenitwascheckedby."
            "aviolentgustofwindwhichsweptupthestreets.com",
            "dgz4cnrxufaulnwku4ow5biptyqnenjievjht56hd7wqinbdbteq",
            id="too long: a hash",
        ),
    ],
)
def test_the_label_of_a_host_is_the_published_algorithms(host: str, label: str) -> None:
    assert cache_label(host) == label


@given(HOSTILE)
@settings(max_examples=300)
def test_a_cache_url_has_the_key_of_its_page(text: str) -> None:
    cached = amp_cache_url(text)
    if cached is not None and "." in read_url(text).host:
        assert read_url(cached).key == read_url(text).key
