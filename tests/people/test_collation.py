"""Names stand where people look for them."""

from __future__ import annotations

from random import Random

from bot.people.collation import name_key


def shuffled(names: list[str]) -> list[str]:
    """Another order, the same each time: sorting must not get by with doing nothing."""
    return Random(7).sample(names, len(names))


def test_names_follow_the_vietnamese_alphabet() -> None:
    names = [
        "Huyện Cần Đước",
        "Thị trấn Cần Đước",
        "Xã Long Cang",
        "Xã Long Định",
        "Xã Long Hòa",
        "Xã Long Hựu Đông",
        "Xã Long Hựu Tây",
        "Xã Long Khê",
        "Xã Mỹ Lệ",
        "Xã Tân Ân",
        "Xã Tân Chánh",
        "Xã Tân Lân",
        "Xã Tấn Lân",
    ]
    assert sorted(shuffled(names), key=name_key) == names


def test_a_shorter_name_stands_before_a_longer_one_and_digits_before_letters() -> None:
    names = ["Phường 2", "Phường 7", "Phường A", "Phường An"]
    assert sorted(shuffled(names), key=name_key) == names
