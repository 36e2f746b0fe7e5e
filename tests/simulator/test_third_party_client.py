"""A Zalo library that nobody here wrote works against the fake, untouched.

``zalo-sdk`` from PyPI has Zalo's addresses written into its code, so the three hosts are
led to the fake below the library: in the adapter that ``requests`` mounts for https.
"""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
import zalo_sdk
import zalo_sdk.oa
from requests.adapters import HTTPAdapter
from zalo_sdk.oa.Client import Client
from zalo_sdk.oa.ZaloMessage import ZaloMessageBody, ZaloRecipient

from tests.simulator.harness import (
    APP_ID,
    APP_SECRET,
    BUSINESS,
    GOVERNMENT,
    HOA_AT_BUSINESS,
    TAM_AT_GOVERNMENT,
    Zalo,
)

HOSTS = {
    "openapi.zalo.me": "/openapi",
    "business.openapi.zalo.me": "/business",
    "oauth.zaloapp.com": "/oauth",
}


class ToTheFake(HTTPAdapter):
    """Sends what is meant for Zalo to the fake, and nothing anywhere else."""

    def __init__(self, fake_url: str) -> None:
        super().__init__()
        self._fake = urlsplit(fake_url)

    def send(
        self, request: requests.PreparedRequest, *args: object, **kwargs: object
    ) -> requests.Response:
        parts = urlsplit(str(request.url))
        path = HOSTS[str(parts.hostname)] + parts.path
        request.url = urlunsplit(
            (self._fake.scheme, self._fake.netloc, path, parts.query, "")
        )
        return super().send(request, *args, **kwargs)  # type: ignore[arg-type]


@pytest.fixture
def redirected(zalo: Zalo, monkeypatch: pytest.MonkeyPatch) -> Zalo:
    """``requests`` with the three hosts led to the fake."""
    plain = requests.Session.get_adapter

    def get_adapter(self: requests.Session, url: str) -> object:
        if urlsplit(url).hostname in HOSTS:
            return ToTheFake(zalo.url)
        return plain(self, url)

    monkeypatch.setattr(requests.Session, "get_adapter", get_adapter)
    return zalo


def client_of(zalo: Zalo, oa_id: str) -> Client:
    pair = zalo.simulator.issue_tokens(oa_id)
    return Client(
        APP_ID,
        APP_SECRET,
        access_token=pair.access_token,
        refresh_token=pair.refresh_token,
    )


def test_a_foreign_library_refreshes_sends_and_reads_a_profile(
    redirected: Zalo,
) -> None:
    client = client_of(redirected, BUSINESS)
    old = client.access_token
    access, refresh, expires_at = client.refresh_acccess_token()
    assert access != old
    assert refresh
    assert expires_at > 0

    text = ZaloMessageBody(text="Xin chào chị Hoa")
    sent = client.send_message(ZaloRecipient(user_id=HOA_AT_BUSINESS), text)
    assert sent["data"]["user_id"] == HOA_AT_BUSINESS
    (row,) = redirected.control("/ledger")["rows"]
    assert row["message_id"] == sent["data"]["message_id"]
    assert row["text"] == "Xin chào chị Hoa"

    profile = client.get_user_detail(HOA_AT_BUSINESS)
    assert profile["data"]["display_name"] == "Chị Hoa"


def test_a_foreign_library_uploads_tags_and_lists(redirected: Zalo) -> None:
    client = client_of(redirected, BUSINESS)
    uploaded = client.upload_file(b"%PDF-1.4", "file", "a.pdf", "application/pdf")
    assert uploaded["data"]["token"]
    client.tag_follower(HOA_AT_BUSINESS, "cho")
    assert client.get_tags_of_oa()["data"] == ["cho"]
    found = client.get_list({"offset": 0, "count": 50, "tag_name": "cho"})
    assert found["data"]["users"] == [{"user_id": HOA_AT_BUSINESS}]


def test_a_foreign_library_reads_the_old_profile_of_a_government_account(
    redirected: Zalo,
) -> None:
    client = client_of(redirected, GOVERNMENT)
    profile = client.get_profile(TAM_AT_GOVERNMENT)
    assert profile["data"]["display_name"] == "Bà Tám"


def test_a_foreign_library_understands_the_refusals(redirected: Zalo) -> None:
    client = client_of(redirected, GOVERNMENT)
    body = ZaloMessageBody(text="Chào bà")
    with pytest.raises(zalo_sdk.ZaloOAException, match="-235"):
        client.send_message(ZaloRecipient(user_id=TAM_AT_GOVERNMENT), body)
    client.access_token = "unknown"
    with pytest.raises(zalo_sdk.ZaloOAException, match="Invalid Access Token"):
        client.get_tags_of_oa()
    client.refresh_token = "spent"
    with pytest.raises(zalo_sdk.ZaloException):
        client.refresh_acccess_token()
