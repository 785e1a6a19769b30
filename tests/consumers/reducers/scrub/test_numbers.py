"""Numbers of people go by their check digits or the word beside them; counts, times and ids of processes stay."""

import pytest

from remit_consumers.reducers.free_text import scrubbed


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        ("\u8eab\u4efd\u8bc111010519491231002X\u5df2", "\u8eab\u4efd\u8bc1<id>\u5df2"),
        ("id 110105 19491231 002x seen", "id <id> seen"),
        ("id 110105-1949-1231-002X", "id <id>"),
        ("\u4f01\u4e1a91350100M000100Y43\u6ce8\u518c", "\u4f01\u4e1a<id>\u6ce8\u518c"),
        ("code 91350100-M000100Y-43.", "code <id>."),
        ("\u62e8\u6253138-0013-8000\u54a8\u8be2", "\u62e8\u6253<phone>\u54a8\u8be2"),
        ("\u8054\u7cfb138 0013 8000\u3002", "\u8054\u7cfb<phone>\u3002"),
        ("8613800138000 0086-13800138000", "<phone> <phone>"),
        ("nino AB 12 34 56 C, dni 12345678Z", "nino <id>, dni <id>"),
        ("NIR 2 55 08 14 168 025 38", "NIR <id>"),
        ("cf MRSMSR81D60Z611H", "cf <id>"),
        ("pan ABBPM4567S", "pan <id>"),
        ("passport number is T3569075", "passport number is <id>"),
        ("id 36574261809 seen", "id <id> seen"),
        ("card:4111111111111111;%204111111111111111", "card:<card>;%<card>"),
        ("amex 3782 822463 10005", "amex <card>"),
        ("gb82 west 1234 5698 7654 32", "<iban>"),
        ("phone=62889 called", "phone=<phone> called"),
        ("416 60 039 office", "<phone> office"),
        ("reach me at 5551234", "reach me at <phone>"),
        ("+447700677662 mobile", "<phone> mobile"),
    ],
)
def test_a_number_of_somebody_goes(value: str, clean: str) -> None:
    assert scrubbed([value]) == [clean]


@pytest.mark.parametrize(
    "value",
    [
        "blk_-522892190802801712 and blk_1073743512_2731",
        "for id 188978561024, my id = 3",
        "REPORT : 7024 5015 150454 240",
        "onExtend:1514038530000 14 0 4",
        "110105194912310021 has no such check digit",
        "110105154912310029 is of no such century",
        "number of bytes: 67108864, called 3 times",
        "2019-03-12 office opened",
        "4111111111111112 fails",
        "setSystemUiVisibility oldVal=40000500 PhoneStatusBar: vis=0",
    ],
)
def test_a_count_stays(value: str) -> None:
    assert scrubbed([value]) == [value]
