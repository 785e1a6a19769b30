"""Accounts: names of users in the lines that login services write."""

import re
from collections.abc import Iterator
from typing import Final

from remit_consumers.proof.residue.kind import Kind, Seen

NAME: Final = r"([^\W\d_][\w.+$\\@-]{0,63}|[\w.-]{0,32}[^\W\d_][\w.-]{0,32})"
"""What an account may be called: a letter in it, as POSIX portable names, Windows domains and mailboxes have."""

KEYED = re.compile(
    rf"(?i)(?<![\w-])(?:user|ruser|acct|logname|login|user[_.]?name|uname|sasl_username|account)=[\"']?{NAME}"
    rf"|[\"'](?:user|login|user_?name|account)[\"']: ?[\"']{NAME}[\"']"
)
"""A key of PAM, auditd or a mail server, and its value."""

HOME = re.compile(r"(?:/(?:home|Users)/|[A-Z]:\\{1,4}Users\\{1,4})([^\W\d_][\w.-]{0,63})")
"""The folder of a user below where systems keep them. Source: Filesystem Hierarchy Standard 3.0 section 3.8, macOS, Windows."""

SENTENCES = tuple(
    re.compile(pattern.replace("NAME", NAME), flags)
    for pattern, flags in (
        # OpenSSH: auth.c, auth2.c, packet.c
        (
            r"\b(?:Accepted|Failed|Postponed|Partial) [\w/-]{1,40} for (?:(?:invalid|illegal) user )?NAME",
            0,
        ),
        (r"(?i)\b(?:invalid|illegal|unknown|authenticating) user:? NAME", 0),
        (
            r"\bUser NAME (?:from \S+ not allowed|not allowed|is not allowed|logged|authenticated)",
            0,
        ),
        (r"\b[Dd]isconnected from user NAME", 0),
        (
            r"\b(?:exceeded for|[Cc]onnection (?:closed|reset) by) (?:(?:invalid |authenticating )?user )NAME",
            0,
        ),
        # Linux-PAM: pam_unix_sess.c, pam_unix_auth.c, pam_succeed_if.c
        (r"\bsession (?:opened|closed|started) for user NAME", 0),
        (r"\bby NAME ?\(uid=", 0),
        (
            r"(?i)\b(?:password changed|authentication (?:failure|failed|error)|login failed|logged (?:in|out)|account (?:locked|expired)) for (?:user )?NAME",
            0,
        ),
        # sudo, su, cron, systemd-logind
        (r"\bsudo(?:\[[0-9]{1,9}\])?: {1,8}NAME : ", 0),
        (r"\bsu(?:\[[0-9]{1,9}\])?: (?:FAILED SU )?\(to [\w-]{1,32}\) NAME on ", 0),
        (r"(?i)\bcron(?:d)?(?:\[[0-9]{1,9}\])?: \(NAME\) ", 0),
        (r"\bsession \w{1,16} of user NAME", 0),
    )
)
"""How login services name an account; each pattern has the name as its group."""

NOBODY = frozenset(
    """
    root bin daemon adm login lp sync shutdown halt mail news uucp operator man nobody
    unknown none null nil undefined anonymous true false user name the a an is was from for by on in at to and or with
    system id public shared default guest all
    """.split()
)
"""Accounts that every system has and no person is, and words of the sentence.
Source: Linux Standard Base Core 5.0, user and group names."""


def see(text: str) -> Seen:
    """Count the accounts of a text, each name once."""
    return Seen(sure=len({name for name in _names(text) if name.lower().strip(".") not in NOBODY}))


def _names(text: str) -> Iterator[str]:
    yield from (match[1] or match[2] for match in KEYED.finditer(text))
    yield from HOME.findall(text)
    for sentence in SENTENCES:
        yield from sentence.findall(text)


KIND = Kind(
    "user",
    r"(?i:(?:user|acct|logname|login|uname|username|user[_.]name|account)(?:=[\"']?|[\"']: ?[\"'])[^\s\"'<;,])"
    r"|(?i:(?:accepted|failed|postponed|partial) [\w/\-]+ for [^<\s])"
    r"|(?i:(?:invalid|illegal|unknown|authenticating|from|of|for) user:? [^<\s]|exceeded for [^<\s])"
    r"|(?i:(?:changed|failure|failed|error|in|out|locked|expired) for [^<\s])"
    r"|\bUser [^<\s]+ (?:from|not|is|logged|authenticated)|[^>\s] ?\(uid="
    r"|/(?:home|Users)/[^<]|\\Users\\"
    r"|\bsudo(?:\[[0-9]+\])?:|\bsu(?:\[[0-9]+\])?: |(?i:\bcrond?(?:\[[0-9]+\])?: \([^<])",
    see,
)
"""The kind."""
