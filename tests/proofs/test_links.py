"""One page, many addresses: which are the same, which are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.duties.fetching.addresses import BadLinkError
from bot.duties.proofs.links import canonical, declared_by_page, host_of, is_same_site

PAGE = "https://xa-a.gov.vn/tin-tuc/chuyen-doi-so-123.html"


@pytest.mark.parametrize(
    "disguise",
    [
        "http://xa-a.gov.vn/tin-tuc/chuyen-doi-so-123.html",
        "xa-a.gov.vn/tin-tuc/chuyen-doi-so-123.html",
        "https://www.xa-a.gov.vn/tin-tuc/chuyen-doi-so-123.html",
        "https://m.xa-a.gov.vn/tin-tuc/chuyen-doi-so-123.html",
        "https://XA-A.gov.VN/Tin-Tuc/Chuyen-Doi-So-123.html",
        "https://xa-a.gov.vn:443/tin-tuc/chuyen-doi-so-123.html",
        "https://xa-a.gov.vn./tin-tuc/chuyen-doi-so-123.html",
        "https://xa-a.gov.vn//tin-tuc///chuyen-doi-so-123.html",
        "https://xa-a.gov.vn/a/../tin-tuc/./chuyen-doi-so-123.html",
        "https://xa-a.gov.vn/tin-tuc/chuyen-doi-so-123.html/",
        "https://xa-a.gov.vn/tin%2Dtuc/chuyen%2ddoi-so-123.html",
        f"{PAGE}#binh-luan",
        f"{PAGE}?utm_source=zalo&utm_medium=social",
        f"{PAGE}?fbclid=IwAR0abc",
        f"{PAGE}?zarsrc=30&zalo_id=5",
        f"{PAGE}?ref=home&share=1",
        f"{PAGE}?",
        f"{PAGE}?amp=1",
        f"{PAGE}/amp",
        "https://xa-a.gov.vn/amp/tin-tuc/chuyen-doi-so-123.html",
        "https://xa-a.gov.vn/tin-tuc/chuyen-doi-so-123.amp.html",
        f"{PAGE};jsessionid=8AF3",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fxa-a.gov.vn%2Ftin-tuc%2Fchuyen-doi-so-123.html&h=AT0",
        "https://www.google.com/url?q=https://xa-a.gov.vn/tin-tuc/chuyen-doi-so-123.html&sa=D",
        "https://www.google.com/amp/s/xa-a.gov.vn/tin-tuc/chuyen-doi-so-123.html",
        "https://xa--a-gov-vn.cdn.ampproject.org/c/s/xa-a.gov.vn/tin-tuc/chuyen-doi-so-123.html",
    ],
)
def test_a_disguised_link_is_the_same_page(disguise: str) -> None:
    assert canonical(disguise) == PAGE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (PAGE, PAGE.replace("123", "124")),
        ("https://xa-a.gov.vn/tin?id=1", "https://xa-a.gov.vn/tin?id=2"),
        ("https://xa-a.gov.vn/?p=1", "https://xa-a.gov.vn/?p=2"),
        ("https://xa-a.gov.vn/a", "https://xa-b.gov.vn/a"),
        ("https://xa-a.gov.vn/a", "https://xa-a.gov.vn:8443/a"),
        ("https://xa-a.gov.vn/#/tin/1", "https://xa-a.gov.vn/#/tin/2"),
        ("https://youtu.be/aBcDeFg", "https://youtu.be/abcdefg"),
        ("https://youtu.be/aBcDeFg", "https://www.youtube.com/watch?v=aBcDeFh"),
        ("https://facebook.com/xa/posts/1", "https://facebook.com/xa/posts/2"),
        ("https://oa.zalo.me/Ab", "https://oa.zalo.me/aB"),
    ],
)
def test_two_pages_stay_two(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://youtu.be/aBcDeFg?si=x", "https://m.youtube.com/watch?v=aBcDeFg&t=3"),
        ("https://youtube.com/shorts/aBcDeFg", "https://youtube.com/live/aBcDeFg"),
        (
            "https://m.facebook.com/story.php?story_fbid=77&id=5",
            "https://www.facebook.com/xa.a/posts/77?mibextid=x",
        ),
        (
            "https://facebook.com/xa.a/posts/tin-moi/77/",
            "https://fb.com/permalink.php?story_fbid=77&id=5",
        ),
        ("https://xa-a.gov.vn/?b=2&a=1", "https://xa-a.gov.vn/index.php?a=1&b=2"),
    ],
)
def test_known_shapes_of_one_post_are_one(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


def test_a_host_in_vietnamese_letters_is_read_as_browsers_do() -> None:
    assert host_of("https://xã-a.vn/") == host_of("https://xn--x-8ia-a.vn/") or host_of(
        "https://xã-a.vn/"
    ).startswith("xn--")


@pytest.mark.parametrize(
    "text", ["", "javascript:alert(1)", "ftp://a.vn", "http://", "https://a.vn:x/"]
)
def test_what_is_no_web_link_is_refused(text: str) -> None:
    with pytest.raises(BadLinkError):
        canonical(text)


def test_a_page_may_name_its_own_address() -> None:
    assert declared_by_page(f"{PAGE}?x=1", PAGE) == PAGE
    assert declared_by_page("https://m.xa-a.gov.vn/t/9", "/tin/9") is not None


def test_a_page_may_not_name_another_host_nor_the_front_page() -> None:
    assert declared_by_page(PAGE, "https://xa-b.gov.vn/tin/1") is None
    assert declared_by_page(PAGE, "https://xa-a.gov.vn/") is None
    assert declared_by_page(PAGE, "javascript:void(0)") is None


def test_variants_of_a_host_are_one_site() -> None:
    assert is_same_site("https://www.xa-a.gov.vn/1", "http://m.xa-a.gov.vn/2")
    assert not is_same_site("https://xa-a.gov.vn/1", "https://xa-b.gov.vn/1")


@given(st.text(max_size=60))
def test_canonical_of_canonical_is_itself(text: str) -> None:
    try:
        once = canonical(f"https://xa-a.gov.vn/{text}")
    except BadLinkError:
        return
    assert canonical(once) == once
