from __future__ import annotations

import pytest

from newsdesk.contracts.reasons import DeadLetterReason
from newsdesk.editorial.urls import UrlError, read_url

VIDEO = "youtube.com/watch?v=WJk-Y8LQlfE"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        pytest.param(
            "http://www.Example.com:80/a/./b/../c/#x", "example.com/a/c", id="scheme, case, port, dots, slash"
        ),
        pytest.param("https://example.com/", "example.com", id="the root"),
        pytest.param("https://example.com/?p=12", "example.com?p=12", id="WordPress's short link"),
        pytest.param("https://example.com:80/a", "example.com/a", id="a default port of the other scheme"),
        pytest.param("https://example.com:8080/a", "example.com:8080/a", id="another port"),
        pytest.param("https://example.com./a", "example.com/a", id="the root's dot"),
        pytest.param("https://example.com//a//b//", "example.com//a//b", id="double slashes stay"),
        pytest.param("https://example.com/%7euser%2fx%c3%a9", "example.com/~user%2Fx%C3%A9", id="percent encoding"),
        pytest.param("https://example.com/100%", "example.com/100%25", id="a stray percent sign"),
        pytest.param("https://example.com/?b=1&a=2&&b=0", "example.com?a=2&b=0&b=1", id="sorted parameters"),
        pytest.param("https://example.com/?amp;b=1&utm%5fsource=x", "example.com?b=1", id="encoded names"),
        pytest.param(
            "https://example.com/?id=1&p=2&v=3&storyid=4&cid=5&ref=6&mod=7",
            "example.com?cid=5&id=1&mod=7&p=2&ref=6&storyid=4&v=3",
            id="what may identify stays",
        ),
        pytest.param("https://BÜCHER.ch/a", "xn--bcher-kva.ch/a", id="IDN"),
        pytest.param("http://[2001:DB8:0::1]:80/a", "[2001:db8::1]/a", id="IPv6"),
        pytest.param("http://0x7f.1/a", "127.0.0.1/a", id="IPv4 as browsers read it"),
    ],
)
def test_key(text: str, key: str) -> None:
    assert read_url(text).key == key


@pytest.mark.parametrize(
    ("host", "folded"),
    [
        ("www.example.com", "example.com"),
        ("m.example.com", "example.com"),
        ("mobile.example.com", "example.com"),
        ("amp.example.com", "example.com"),
        ("www.m.example.com", "example.com"),
        ("m.amp.www.example.com", "example.com"),
        ("en.m.example.com", "en.m.example.com"),
        ("m.com", "m.com"),
        ("www.co.uk", "www.co.uk"),
        ("amp.dev", "amp.dev"),
        ("www.amp.dev", "amp.dev"),
        ("www.github.io", "www.github.io"),
        ("www.news.github.io", "news.github.io"),
        ("www.ck", "www.ck"),
        ("www.localhost", "www.localhost"),
        ("www2.example.com", "www2.example.com"),
        ("mail.example.com", "mail.example.com"),
    ],
)
def test_a_prefix_is_folded_where_a_registrable_domain_is_left(host: str, folded: str) -> None:
    assert read_url(f"https://{host}/a").key == f"{folded}/a"
    assert read_url(f"https://{host}/a").host == host


@pytest.mark.parametrize(
    ("amp", "key"),
    [
        pytest.param("https://example.com/amp", "example.com", id="the front page"),
        pytest.param("https://example.com/a/amp/amp/", "example.com/a", id="twice"),
        pytest.param("https://example.com/AMP/2022/a/", "example.com/2022/a", id="in capitals"),
        pytest.param("https://example.com/amphtml/a.html", "example.com/a.html", id="Yahoo's"),
        pytest.param("https://example.com/a.amp.html?id=1", "example.com/a.html?id=1", id="before the ending"),
        pytest.param("https://example.com/a.amp.amp", "example.com/a", id="the ending twice"),
        pytest.param("https://example.com/a.amphtml", "example.com/a", id="amphtml as an ending"),
        pytest.param("https://example.com/a?amphtml=1&id=2", "example.com/a?id=2", id="amphtml as a parameter"),
        pytest.param("https://example.com/a?outputtype=AMP", "example.com/a", id="outputType without case"),
        pytest.param("https://example.com/au/amp/new-game-out", "example.com/au/new-game-out", id="before a slug"),
        pytest.param("https://example.com/news/amp/123", "example.com/news/amp/123", id="before an id it stays"),
        pytest.param("https://example.com/a?amp=12345", "example.com/a?amp=12345", id="a value that is no flag"),
        pytest.param("https://example.com/guitar-amp", "example.com/guitar-amp", id="a word"),
        pytest.param("https://example.com/.amp", "example.com/.amp", id="a name of an ending only"),
        pytest.param("https://example.com/..amp", "example.com/..amp", id="what would become a dot segment"),
        pytest.param("https://www.gamespot.com/amp-articles/a/1/", "gamespot.com/articles/a/1", id="GameSpot's"),
        pytest.param("https://x.cdn.ampproject.org/c/example.com:8080/a", "example.com:8080/a", id="a port in a cache"),
        pytest.param("https://cdn.ampproject.org/wp/s/example.com/a", "example.com/a", id="a web package"),
        pytest.param("https://x.bing-amp.com/c/s/example.com/a/amp", "example.com/a", id="Bing's cache"),
        pytest.param("https://www.google.de/amp/s/amp.example.com/a", "example.com/a", id="a viewer and a host"),
        pytest.param("https://google.example.com/amp/s/x.com/a", "google.example.com/s/x.com/a", id="not Google's"),
        pytest.param("https://google.github.io/amp/s/x.com/a", "google.github.io/s/x.com/a", id="not Google's either"),
        pytest.param(
            "https://evilcdn.ampproject.org.com/c/s/x.com", "evilcdn.ampproject.org.com/c/s/x.com", id="no cache"
        ),
        pytest.param("https://xbing-amp.com/c/s/x.com", "xbing-amp.com/c/s/x.com", id="a name that ends like a cache"),
    ],
)
def test_amp_forms(amp: str, key: str) -> None:
    assert read_url(amp).key == key


@pytest.mark.parametrize(
    "path", ["", "/", "/c", "/c/", "/c/s", "/c/s/", "/c/s//x.com", "/c/s/%zz.com", "/i/s/x.com/a.jpg", "/c/s/nodot/a"]
)
def test_a_malformed_cache_url_is_a_page_of_the_cache(path: str) -> None:
    url = read_url(f"https://x.cdn.ampproject.org{path}")
    assert url.host == "x.cdn.ampproject.org"
    assert url.key.startswith("x.cdn.ampproject.org")
    assert read_url(f"https://{url.key}").key == url.key


def test_wrappers_are_taken_off_up_to_a_bound() -> None:
    wrapper = "a.cdn.ampproject.org/c/s/"
    assert read_url(f"https://{wrapper * 4}example.com/a").key == "example.com/a"
    with pytest.raises(UrlError, match="nested deeper than 4") as caught:
        read_url(f"https://{wrapper * 300}example.com/a")
    assert caught.value.reason is DeadLetterReason.BAD_URL


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            "https://www.nbcnews.com/news/amp/ncna1232591",
            "https://www-nbcnews-com.cdn.ampproject.org/c/s/www.nbcnews.com/news/amp/ncna1232591",
            id="NBC and its cached copy",
        ),
        pytest.param(
            "https://www.cnet.com/google-amp/news/tech-companies-want-facial-recognition-laws/",
            "https://www.cnet.com/news/tech-companies-want-facial-recognition-laws/",
            id="CNET",
        ),
        pytest.param(
            "https://www.nasdaq.com/articles/facial-recognition-tech-2020-06-29?amp",
            "https://www.nasdaq.com/articles/facial-recognition-tech-2020-06-29",
            id="Nasdaq",
        ),
    ],
)
def test_the_seeds_forms_share_their_keys(one: str, other: str) -> None:
    assert read_url(one).key == read_url(other).key


@pytest.mark.parametrize(
    "text",
    [
        "https://youtube.com/watch?v=WJk-Y8LQlfE",
        "https://www.youtube.com/watch?feature=youtu.be&v=WJk-Y8LQlfE&t=10s",
        "https://m.youtube.com/watch/?v=WJk-Y8LQlfE&list=PL1",
        "http://youtu.be/WJk-Y8LQlfE?si=x",
        "https://www.youtube.com/embed/WJk-Y8LQlfE?autoplay=1",
        "https://www.youtube-nocookie.com/embed/WJk-Y8LQlfE",
        "https://www.youtube.com/shorts/WJk-Y8LQlfE",
        "https://www.youtube.com/live/WJk-Y8LQlfE/",
    ],
)
def test_a_video_has_one_key(text: str) -> None:
    assert read_url(text).key == VIDEO


def test_a_channel_is_no_video() -> None:
    assert read_url("https://www.youtube.com/@channel/videos").key == "youtube.com/@channel/videos"
