"""Zalo's signature over raw bytes: the published vectors, and everything near them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channel.signature import DIAGNOSED_BYTES, diagnose, sign, verify

SAMPLES = Path(__file__).resolve().parent.parent / "zalo_samples"
VECTORS: list[dict[str, Any]] = json.loads(
    (SAMPLES / "signature.json").read_text(encoding="utf-8")
)["vectors"]
WRONG = [(vector, name) for vector in VECTORS for name in vector["must_not_match"]]


def parts(vector: dict[str, Any]) -> tuple[bytes, str, str, str]:
    raw = vector["raw_body"].encode()
    return raw, vector["timestamp"], vector["app_id"], vector["oa_secret_key"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["name"])
def test_published_vector_is_signed_and_accepted(vector: dict[str, Any]) -> None:
    raw, timestamp, app_id, secret = parts(vector)
    assert len(raw) == vector["raw_body_bytes"]
    assert sign(app_id, raw, timestamp, secret) == vector["expected_mac"]
    header = vector["expected_header"].split(": ")[1]
    assert verify(header, raw, timestamp, app_id, secret)


@pytest.mark.parametrize("form", ["{}", " {} ", "mac={}", " mac= {}\t", "mac={} "])
def test_prefix_and_blanks_do_not_matter(form: str) -> None:
    vector = VECTORS[0]
    assert verify(form.format(vector["expected_mac"]), *parts(vector))


@pytest.mark.parametrize(("vector", "name"), WRONG)
def test_wrong_variant_is_refused(vector: dict[str, Any], name: str) -> None:
    assert not verify("mac=" + vector["must_not_match"][name], *parts(vector))


def test_wrong_variant_is_named_for_the_log() -> None:
    named = {
        "hmac_sha256": "hmac_over_body",
        "reserialised_sorted_ascii": "reserialised_sorted",
        "oa_id_instead_of_app_id": "oa_id_first",
    }
    for vector in VECTORS:
        oa_id = json.loads(vector["raw_body"])["recipient"]["id"]
        for variant, name in named.items():
            header = "mac=" + vector["must_not_match"][variant]
            assert diagnose(header, *parts(vector), oa_id=oa_id) == name


def test_app_secret_in_place_of_the_webhook_key_is_named() -> None:
    raw, timestamp, app_id, secret = parts(VECTORS[1])
    header = "mac=" + sign(app_id, raw, timestamp, "the-app-secret")
    assert not verify(header, raw, timestamp, app_id, secret)
    found = diagnose(
        header, raw, timestamp, app_id, secret, app_secret="the-app-secret"
    )
    assert found == "app_secret"


def test_nothing_is_diagnosed_for_noise_or_for_a_big_body() -> None:
    raw, timestamp, app_id, secret = parts(VECTORS[0])
    assert diagnose("mac=" + "0" * 64, raw, timestamp, app_id, secret) is None
    big = b" " * DIAGNOSED_BYTES + raw
    header = sign(app_id, big, timestamp, "x")
    assert diagnose(header, big, timestamp, app_id, secret, app_secret="x") is None


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "  ",
        "mac=",
        "mac",
        "mac=\u1ea1",
        "\udc80",
        "0" * 64,
        "mac=" + "f" * 63,
    ],
)
def test_odd_header_is_refused_without_a_crash(header: str | None) -> None:
    assert not verify(header, *parts(VECTORS[0]))


def test_upper_case_and_shortened_digests_are_refused() -> None:
    mac = VECTORS[0]["expected_mac"]
    assert not verify(mac.upper(), *parts(VECTORS[0]))
    assert not verify(mac[:-1], *parts(VECTORS[0]))
    assert not verify(mac + "0", *parts(VECTORS[0]))


@given(raw=st.binary(max_size=200), timestamp=st.text(max_size=20))
def test_changing_one_byte_breaks_the_signature(raw: bytes, timestamp: str) -> None:
    mac = sign("1", raw, timestamp, "secret")
    assert verify(mac, raw, timestamp, "1", "secret")
    assert not verify(mac, raw + b" ", timestamp, "1", "secret")
    assert not verify(mac, raw, timestamp, "2", "secret")
    assert not verify(mac, raw, timestamp, "1", "Secret")


def test_half_a_surrogate_pair_in_the_timestamp_does_not_crash() -> None:
    assert not verify("mac=00", b"{}", "\ud800", "1", "secret")
