from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from editorial.urls.strategies import HOSTILE, PARTS, PLAUSIBLE, TRACKING, join
from newsdesk.editorial.urls import UrlError, read_url
from newsdesk.editorial.urls.errors import DETAIL_CHARS

if TYPE_CHECKING:
    from random import Random

    from newsdesk.editorial.urls import Url

Parts = tuple[str, list[str], list[str]]


def key(text: str) -> str:
    return read_url(text).key


def readable(text: str) -> Url:
    try:
        return read_url(text)
    except UrlError:
        assume(False)
        raise


def refused(text: str) -> bool:
    try:
        read_url(text)
    except UrlError:
        return True
    return False


@given(st.one_of(PLAUSIBLE, HOSTILE))
@settings(max_examples=500)
@example("https://example.com/%%34%31")
@example("https://example.com/a&%61mp;b?x&%61mp;y")
@example("https://a.cdn.ampproject.org/amp/c/s/example.com/x")
@example("https://a.cdn.ampproject.org/%63/s/example.com/x")
@example("https://a.cdn.ampproject.org/c/s/")
@example("http://example.com:443/")
@example("https://example.com/..amp")
@example("https://example.com/x/google-amp.amp")
def test_a_key_read_as_a_url_is_its_own_key(text: str) -> None:
    first = readable(text)
    again = read_url(f"https://{first.key}")
    assert again.key == first.key
    assert again.scope == first.scope


@given(st.one_of(PLAUSIBLE, HOSTILE))
@settings(max_examples=500)
@example("https://example.com/?a=1&amp;amp;utm_source=x")
@example("https://example.com/?a=1&am\np;b=2")
def test_the_clean_form_reads_as_the_same_url(text: str) -> None:
    first = readable(text)
    assert read_url(first.clean) == first


@given(PARTS, st.lists(TRACKING, max_size=3), st.randoms(use_true_random=False))
def test_a_key_does_not_see_tracking_parameters_and_their_order(
    parts: Parts, tracking: list[str], order: Random
) -> None:
    host, path, parameters = parts
    mixed = [*parameters, *tracking]
    order.shuffle(mixed)
    assert key(join(host, path, mixed)) == key(join(host, path, parameters))


@given(PARTS, st.lists(TRACKING, max_size=3))
def test_the_clean_form_drops_tracking_parameters_only(parts: Parts, tracking: list[str]) -> None:
    host, path, parameters = parts
    url = join(host, path, parameters)
    assert read_url(join(host, path, [*tracking, *parameters, *tracking])).clean == url


@given(PARTS)
def test_a_key_does_not_see_scheme_case_of_the_host_slash_and_fragment(parts: Parts) -> None:
    host, path, parameters = parts
    expected = key(join(host, path, parameters))
    assert key(join(host.upper(), path, parameters, "HTTP") + "#part") == expected
    assert key(join(host, [*path, ""], parameters)) == expected
    assert key(join(f"{host}:443", path, parameters)) == expected


@given(PARTS, st.sampled_from(["www.", "m.", "mobile.", "amp.", "www.m.", "WWW."]))
def test_a_key_does_not_see_the_prefixes_of_a_site(parts: Parts, prefix: str) -> None:
    host, path, parameters = parts
    assume(host[-1].isalpha())
    assert key(join(prefix + host, path, parameters)) == key(join(host, path, parameters))


@given(PARTS)
def test_a_key_does_not_see_amp_forms(parts: Parts) -> None:
    host, path, parameters = parts
    expected = key(join(host, path, parameters))
    forms = [
        join(host, ["amp", *path], parameters),
        join(host, ["google-amp", *path], parameters),
        join(host, [*path, "amp"], parameters),
        join(host, [*path, "amp", ""], parameters),
        join(host, [*path[:-1], f"{path[-1]}.amp"], parameters),
        join(host, path, ["amp", *parameters]),
        join(host, path, ["amp=1", *parameters]),
        join(host, path, [*parameters, "outputType=amp"]),
    ]
    assert {key(form) for form in forms} == {expected}


@given(PARTS)
def test_a_key_does_not_see_amp_caches(parts: Parts) -> None:
    host, path, parameters = parts
    assume("." in host)
    url = join(host, path, parameters)
    bare = url.removeprefix("https://")
    wrapped = [
        f"https://site.cdn.ampproject.org/c/s/{bare}",
        f"https://site.cdn.ampproject.org/v/s/{bare}",
        f"https://site.cdn.ampproject.org/c/{bare}",
        f"https://www.google.com/amp/s/{bare}",
        f"https://google.co.uk/amp/s/site.cdn.ampproject.org/c/s/{bare}",
    ]
    plain = read_url(url)
    for form in wrapped:
        assert read_url(form).key == plain.key
        assert read_url(form).host == plain.host
        assert read_url(form).scope == plain.scope


@given(HOSTILE.filter(refused))
@settings(max_examples=200, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
def test_an_error_is_short_and_ascii(text: str) -> None:
    with pytest.raises(UrlError) as caught:
        read_url(text)
    detail = caught.value.detail
    assert len(detail) <= DETAIL_CHARS
    assert detail.isascii()
    assert detail.isprintable()
    assert "pw@" not in detail
