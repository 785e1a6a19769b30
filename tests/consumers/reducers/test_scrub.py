"""The quick way through a rule gives what the careful one gives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.reducers.scrub import RULES, Rule

PIECES = st.sampled_from(
    [
        *(
            "203.0.113.77",
            "203.0.113.7.8",
            "256.1.1.1",
            "007.1.2.3",
            "1.2.3.4,5.6.7.8;9.9.9.9",
            "1.2.3.4..",
        ),
        *("2001:db8::17", "fe80::1%eth0", "10:20:30", "a::b", "0:0:0:0:0:0:0:0:2181"),
        *("4111 1111 1111 1111", "4111-1111-1111-1111", "1800 1234 1234 1238", "081109 203807 222"),
        *(
            "+49 170 1234567",
            "13800138000",
            "(212) 555-0123",
            "0170/1234567",
            "0049 170 1234567 89",
        ),
        *(
            "tel: 123456",
            "\u624b\u673a13800138000",
            "called 10111",
            "\u017fms 0170 1234567",
            "number 1 2 3 4 5 6",
        ),
        *("078-05-1120", "11010519491231002X", "91350100M000100Y43", "123456789012345"),
        *(
            "9fceb02d0ae598e95dc970b74767f19372d61af8",
            "a" * 23 + "1/" + "b" * 20,
            "a" + "+" * 40 + "1",
        ),
        *(
            "user=alice",
            "rhost=pc.example.net",
            "password=hunter2",
            "Bearer abcdef123456",
            "alice@example.com",
        ),
    ]
)
MARKS = st.text("0123456789abxF.-:/,;()=_+ @<>\n\u00e9\u0661", max_size=12)
LINES = st.lists(PIECES | MARKS, max_size=8).map("".join)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@given(texts=st.lists(LINES, min_size=1, max_size=8))
def test_a_rule_on_many_texts_does_what_it_does_on_each(rule: Rule, texts: list[str]) -> None:
    assert rule.apply_all(texts) == [rule.apply(text) for text in texts]
