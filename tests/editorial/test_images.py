from __future__ import annotations

from typing import Any

import pytest

from newsdesk.editorial.images import choose_images, image_url

URL = "https://pictures.example/1.jpg"


@pytest.mark.parametrize(
    ("given", "url"),
    [
        pytest.param(URL, URL, id="as it is"),
        pytest.param(f" {URL}\n", URL, id="trimmed"),
        pytest.param("//pictures.example/1.jpg", URL, id="without a scheme"),
        pytest.param(f"{URL}?w=1&amp;h=2", f"{URL}?w=1&h=2", id="escaped for HTML"),
        pytest.param(f"{URL}?w=1&#038;h=2", f"{URL}?w=1&h=2", id="escaped by number"),
        pytest.param(f"{URL}?a=1&copy=2&sect=3", f"{URL}?a=1&copy=2&sect=3", id="parameters that look like entities"),
        pytest.param("https://i.example/?utm_source=x#top", "https://i.example/?utm_source=x#top", id="not cleaned"),
        pytest.param("data:image/png;base64,AAAA", None, id="data"),
        pytest.param("/1.jpg", None, id="relative"),
        pytest.param("https://", None, id="no host"),
        pytest.param("https://editor:letmein@pictures.example/1.jpg", None, id="credentials"),
        pytest.param("https://editor@pictures.example/1.jpg", None, id="a user name"),
        pytest.param("", None, id="empty"),
    ],
)
def test_image_url(given: str, url: str | None) -> None:
    assert image_url(given) == url


@pytest.mark.parametrize(
    ("images", "chosen"),
    [
        pytest.param([], [], id="none"),
        pytest.param([{"url": URL, "width": 1}], [], id="a tracking pixel by width"),
        pytest.param([{"url": URL, "height": 2}], [], id="by height"),
        pytest.param([{"url": URL, "width": 3}], [{"url": URL, "width": 3}], id="small, but a picture"),
        pytest.param([{"url": URL, "width": None}], [{"url": URL}], id="no width"),
        pytest.param([{"url": "x"}, {"url": URL}], [{"url": URL}], id="the first that can be shown leads"),
        pytest.param([{"url": URL, "width": 9}, {"url": URL}], [{"url": URL, "width": 9}], id="each URL once"),
        pytest.param([{"url": URL, "title": "CafÃ©"}], [{"url": URL, "title": "Café"}], id="title repaired"),
        pytest.param([{"url": URL, "credit": "A."}], [{"url": URL, "credit": "A."}], id="unknown fields stay"),
    ],
)
def test_choose_images(images: list[dict[str, Any]], chosen: list[dict[str, Any]]) -> None:
    assert choose_images(images) == chosen
