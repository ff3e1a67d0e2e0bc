from __future__ import annotations

import pickle

import pytest

from newsdesk.contracts.reasons import DeadLetterReason
from newsdesk.editorial.urls import UrlError, read_url
from newsdesk.editorial.urls.errors import DETAIL_CHARS
from newsdesk.editorial.urls.whatwg import MAX_BYTES


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        pytest.param(" \thttps://example.com/a \r\n", "https://example.com/a", id="white space around it"),
        pytest.param("HTTPS://EXAMPLE.com:443/a/../B", "https://example.com/B", id="normalised, case of the path kept"),
        pytest.param("https://example.com/a/.b/../c?d=/../e", "https://example.com/a/c?d=/../e", id="dots after a dot"),
        pytest.param("http://www.example.com/", "http://www.example.com/", id="scheme and www stay"),
        pytest.param("https://example.com/?a=1&#038;b=2", "https://example.com/?a=1&b=2", id="WordPress's ampersand"),
        pytest.param("https://example.com/?a=1&amp;amp;b=2", "https://example.com/?a=1&b=2", id="escaped twice"),
        pytest.param("https://example.com/?a=1&copy=2", "https://example.com/?a=1&copy=2", id="no general unescape"),
        pytest.param("https://example.com/?b=1&utm_source=x&a=2", "https://example.com/?b=1&a=2", id="order kept"),
        pytest.param("https://example.com/?%75tm_source=x&a=2", "https://example.com/?a=2", id="an encoded name"),
        pytest.param("https://example.com/?utm_source=x&fbclid=y", "https://example.com/", id="nothing left"),
        pytest.param("https://example.com/a?", "https://example.com/a", id="an empty query"),
        pytest.param("https://example.com/a#part", "https://example.com/a", id="a place on the page"),
        pytest.param("https://example.com/#!/a/1", "https://example.com/#!/a/1", id="a page named in the fragment"),
        pytest.param("https://example.com/a/amp/?amp", "https://example.com/a/amp/?amp", id="the AMP form stays"),
        pytest.param("https://bücher.ch/ä", "https://xn--bcher-kva.ch/%C3%A4", id="IDN and percent encoding"),
    ],
)
def test_the_link_to_click(text: str, clean: str) -> None:
    assert read_url(text).clean == clean


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", DeadLetterReason.BAD_URL, id="empty"),
        pytest.param("  ", DeadLetterReason.BAD_URL, id="white space"),
        pytest.param("example.com/a", DeadLetterReason.BAD_URL, id="no scheme"),
        pytest.param("//example.com/a", DeadLetterReason.BAD_URL, id="relative"),
        pytest.param("https://", DeadLetterReason.BAD_URL, id="no host"),
        pytest.param("https:///?a", DeadLetterReason.BAD_URL, id="no host, but a query"),
        pytest.param("https://a b.com/", DeadLetterReason.BAD_URL, id="a space in the host"),
        pytest.param("https://a..com/", DeadLetterReason.BAD_URL, id="an empty label"),
        pytest.param("https://a&b.com/", DeadLetterReason.BAD_URL, id="a character no host has"),
        pytest.param("https://" + "a." * 130 + "com/", DeadLetterReason.BAD_URL, id="a host over 253"),
        pytest.param("https://example.com:99999/", DeadLetterReason.BAD_URL, id="no port"),
        pytest.param("https://example.com/\ud800", DeadLetterReason.BAD_URL, id="a lone surrogate"),
        pytest.param("https://example.com/" + "a" * MAX_BYTES, DeadLetterReason.BAD_URL, id="over 8 KiB"),
        pytest.param("https://example.com/" + "é" * 1400, DeadLetterReason.BAD_URL, id="over 8 KiB once encoded"),
        pytest.param("https://example.com/#!" + "é" * 1400, DeadLetterReason.BAD_URL, id="a clean form over 8 KiB"),
        pytest.param("https://example.com/" + "%" * 8000, DeadLetterReason.BAD_URL, id="a key over 8 KiB"),
        pytest.param("ftp://example.com/a", DeadLetterReason.URL_SCHEME, id="ftp"),
        pytest.param("mailto:desk@example.com", DeadLetterReason.URL_SCHEME, id="mail"),
        pytest.param("javascript:alert(1)", DeadLetterReason.URL_SCHEME, id="a script"),
        pytest.param("https://user@example.com/", DeadLetterReason.URL_CREDENTIALS, id="a user"),
        pytest.param("https://:secret@example.com/", DeadLetterReason.URL_CREDENTIALS, id="a password"),
        pytest.param(
            "https://a.cdn.ampproject.org/c/s/user:secret@example.com/",
            DeadLetterReason.URL_CREDENTIALS,
            id="credentials inside an AMP cache URL",
        ),
    ],
)
def test_what_is_no_url_of_an_article(text: str, reason: DeadLetterReason) -> None:
    with pytest.raises(UrlError) as caught:
        read_url(text)
    assert caught.value.reason is reason
    assert "secret" not in caught.value.detail


def test_a_url_of_exactly_8_kib_is_read() -> None:
    text = "https://example.com/" + "a" * (MAX_BYTES - 20)
    assert read_url(text).clean == text
    assert read_url("https://" + read_url("http" + text[5:]).key).clean == text


def test_an_error_hides_a_password_with_slashes_in_a_text_that_does_not_parse() -> None:
    with pytest.raises(UrlError, match=r"example\.com") as caught:
        read_url("https://user:se/cr/et@example.com:x/")
    assert "cr" not in caught.value.detail


def test_an_error_shows_the_beginning_of_a_text_only() -> None:
    with pytest.raises(UrlError) as caught:
        read_url("a" * 150)
    assert "a" * 80 in caught.value.detail
    assert "a" * 81 not in caught.value.detail
    assert len(UrlError(DeadLetterReason.BAD_URL, "a" * 500).detail) == DETAIL_CHARS


def test_an_error_survives_a_process_boundary() -> None:
    with pytest.raises(UrlError) as caught:
        read_url("ftp://example.com/")
    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - its own bytes
    assert (copy.reason, copy.detail) == (caught.value.reason, caught.value.detail)


def test_an_at_sign_in_a_path_is_no_credential() -> None:
    assert read_url("https://medium.com/@user/a-story").host == "medium.com"
