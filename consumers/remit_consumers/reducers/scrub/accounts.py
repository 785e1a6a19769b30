"""Who did it: names of accounts where programs write them, and in the paths of home directories.

Sources: the messages of OpenSSH (auth.c, sshd.c), Linux-PAM (pam_unix, pam_syslog), shadow (login, su, useradd),
sudo (logging.c), vixie-cron and cronie, systemd-logind, vsftpd, ProFTPD, Postfix, sendmail, Dovecot, PostgreSQL,
MySQL, Kerberos, Hadoop (UserGroupInformation, audit log), Spark (SecurityManager), Windows' security events.
"""

import re

from remit_consumers.reducers.scrub.rule import Rule

_NO_NAME = frozenset(
    """
    from by for unknown the a an is was not on in at to and or with id ids invalid illegal name names agent
    level mode space list group groups data input error errors session sessions account accounts password request
    requests has have had does did do can could may must should will would been are were be no none null that this
    who whose which when if but only again timed logged login authentication authenticated authorization exists
    found already process service defined specified given initiated activity interface interaction slice manager child token secret
    environment registration signup type count permissions database table field lookup context migration action
    preferences settings profile
    registered created added deleted removed connected disconnected changed updated
    """.split()
)
"""What stands behind `user` in a sentence that names none."""

_NOBODYS = frozenset({"shared", "public", "default", "all", "guest"})
"""Home directories that systems make for all."""

_NO_CHARACTER = r"\s\"'`,;:<>()\[\]{}|="
_NAME = rf"(?:<user>|[^{_NO_CHARACTER}]*[^{_NO_CHARACTER}.])"
"""An account's name, also `DOMAIN\\name`; a point behind it ends the sentence, and what is marked stays marked."""

_NAME_OR_BRACKETED = rf"(?:<[^<>\s]+>|{_NAME})"

_LETTERED = rf"[A-Za-z_\\\x{{80}}-\x{{10FFFF}}][^{_NO_CHARACTER}]*"
"""A name that is no number: numbers behind `user=` are the system's."""

_METHOD = r"(?:password|publickey|none|keyboard-interactive\S*|gssapi\S*|hostbased|rhosts|rsa|challenge-response|skey|opie|pam)"
_TTY = r"\S*(?:pts/|tty)\S*"

_SLOTS = (
    # sshd, PAM
    rf"(?-u:\b)(?:Accepted|Failed|Postponed|Partial) {_METHOD} for (?:(?:invalid|illegal) user )?",
    r"(?i-u:\bsession (?:opened|closed) for user )",
    r"(?i-u:\b(?:authentication failures?|attempts exceeded) for )(?:(?:illegal|invalid) )?(?:user )?",
    r"tarting session: .{1,64} for ",
    r"(?i-u:\bpassword (?:changed|expired|check failed) for )(?:user )?\(?",
    # su, login
    r"(?-u:\b)(?:Successful|FAILED) su for (?:<user> by )?",
    r"(?-u:\b)FAILED SU \(to (?:<user>|\S+)\) ",
    r"(?-u:\b)(?:could not identify password for \[|conversation failed for |changed password expiry for )",
    r"(?-u:\b)su(?:\[[0-9]+\])?: \(to (?:<user>\) )?",
    r"(?-u:\b)su(?:\[[0-9]+\])?: (?:BAD SU )?<user> to ",
    rf" [+\-] {_TTY} (?:<user>:)?",
    r"'su (?:<user>' failed for )?",
    r"(?-u:\b)DIALUP AT \S+ BY ",
    r"(?-u:\b)LOGIN ON \S+ BY ",
    # shadow, databases
    r"(?-u:\b)new (?:user|group): name=",
    r"(?:^|[^\-])(?i-u:\b(?:user|role|member|login|account|group|name|delete|owned by|changed by|password for|tty[0-9]*['\"`] for) ['\"`](?:uid=)?)",
    # FTP
    r"(?i-u:\b(?:ftp|failed) login from )[^,]+, {1,2}\(?",
    r"(?i-u:\bftp login from )\S+ as ",
    # who runs what
    r"(?i-u:cron)[^(]{0,40}: \((?:<user>\) (?:BEGIN EDIT|END EDIT|LIST|REPLACE|DELETE) \()?",
    r"(?-u:\b)uid=[0-9]+\(",
    r"(?-u:\b)unix-user:",
    r"(?-u:\b)acls (?:groups )?to: ?(?:<user>, ?)*",
    r"(?-u:\b)permissions: Set\((?:<user>, ?)*",
    # mail
    r"(?-u:\b)(?:to=<user>, )?ctladdr=",
)
"""What programs write right before a name."""

_ENCLOSED = (
    (r"(?i-u:\b(?:invalid|illegal) user )", r"\S+", r" from "),
    (r"(?-u:\b)sudo(?:\[[0-9]+\])?: +", _NAME, r" : "),
    (
        r"^|: +",
        _NAME,
        r" : (?:TTY=|user NOT in sudoers|command not allowed|[0-9] incorrect password)",
    ),
    (r"(?-u:\b)su(?:\[[0-9]+\])?: (?:BAD SU )?", _NAME, r" to \S+ on /dev/"),
    (r" \[", _NAME, r"\] (?:OK|FAIL) [A-Z]"),
    (r"(?-u:\b)USER ", _NAME, r"(?:: | \()"),
    (r"(?-u:\b)add ['\"`]", _NAME, r"['\"`] to (?:shadow )?group"),
    (r"(?-u:\b)by ", _NAME, r"\(uid="),
    (r"(?i-u:\b(?:logged in|authenticated|login) (?:as|by) (?:user )?)", _LETTERED, ""),
    (r"(?-u:\b)(?:pkexec|doas)(?:\[[0-9]+\])?: ", _NAME, r"(?:: Executing| ran command)"),
    (r"(?i-u:<(?:Data Name=['\"](?:target|subject)username['\"]|user(?:name)?)>)", _NAME, r"</"),
    (r"(?-u:\b)User@Host: ", r"[^\s\[<]+\[[^\]<]*\]", ""),
    (r" as ", _NAME, r": cmd="),
    (r"(?-u:\b)(?:imap|pop3|lda|lmtp|managesieve|submission)\(", _NAME, r"\)"),
    (r"(?-u:\b)(?:pam|sql|passwd-file|ldap|passwd|static|cache|lua|oauth2)\(", _NAME, r","),
    (r"(?i-u:\blogin (?:ok|incorrect))[^:\[]{0,40}: \[", r"[^\[\]/\s]+", r"/"),
    (r"(?-u:\b)User Slice of ", r"[a-z_][a-z0-9_\-]*", ""),
    (r"(?-u:\b)from=", _NAME_OR_BRACKETED, r", size="),
    (r"(?-u:\b)(?:orig_)?to=", _NAME_OR_BRACKETED, r", (?:ctladdr|delay|orig_to|relay)="),
    (r"(?-u:\b)uid=[0-9]+ from=", r"<[^<>\s]+>", ""),
    (r"(?i-u:\buser=)", r"<[^<>\s]+>", ""),
)
"""What programs write on both sides of a name."""

_THEN = re.compile(
    r"[\"'`)\]]?(?: (?:from|not|logged|authenticated|does not|denied|locked|disabled|expired|connected|disconnected|is not|is now|has)\b"
    r"|: (?:authentication|password|no such|login))",
    re.IGNORECASE,
)
"""What is said of a user whose name comes next."""


def is_user(match: re.Match[str]) -> bool:
    """Whether what stands behind `user` is a name: words of the sentence and numbers of the system are none."""
    value, role = match["value"], (match["role"] or "").lower()
    if (
        value[0] in "$%"
        or value.lower().rstrip(".") in _NO_NAME
        or (value.isdigit() and role not in {"invalid", "illegal"})
    ):
        return False
    return bool(role or match["is"].strip() or _THEN.match(match.string, match.end()))


def is_home(match: re.Match[str]) -> bool:
    """Whether a directory is somebody's home."""
    value = match["value"]
    return value.lower() not in _NOBODYS and not value.isdigit()


_KEYED = (
    r"(?:^|[^A-Za-z0-9_\-])(?i-u:(?:ruser|logname|acct|(?:target|subject|sasl_|remote_)?user(?:[_.]?name)?|login|usr|suser"
    r"|duser|auid|ugi|uid|user_?id)(?:=[\"']?|[\"']?[ ]?(?::|=>)[ ]?[\"']))|(?i-u:\baccount name:[ \t]*)"
)
"""Keys that hold a name."""

WRITTEN = Rule(
    "user",
    r"(?i-u:(?:ruser|logname|acct|name|user|login|usr|uid|ugi|userid|user_id)[\"']?(?:=|[ ]?:[ \t]*[\"']|[ ]?=>))|(?i-u:account name:)"
    r"|(?:Accepted|Failed|Postponed|Partial) [a-z/\-]+ for |(?i-u:for user |failures? for |exceeded for |tarting session|password (?:changed|expired|check))"
    r"|Successful su|FAILED (?:su|SU) |su(?:\[[0-9]+\])?: | [+\-] [a-z/]*(?:pts/|tty)|'su |DIALUP AT|LOGIN ON|: name="
    r"|(?i-u:user|role|member|login|account|by|for|add) ['\"`]|(?i-u:login from )|uid=[0-9]+\(|unix-user:|acls|permissions|ctladdr"
    r"|(?i-u:(?:invalid|illegal) user |user=<|cron)|sudo|\] (?:OK|FAIL) |USER |\(uid=|: cmd=|User Slice|, (?:size|relay|delay|orig_to)=|uid=[0-9]+ from=<|S-1-5-21-| : (?:TTY=|user NOT|command not|[0-9] incorrect)|用户|账号|帐号|登录名|(?:imap|pop3|lda|lmtp|submission|pam|sql|passwd-file|ldap|passwd)\(|(?i-u:login (?:ok|incorrect))|FAILED SU|identify password|versation failed|password expiry"
    r"|(?i-u:(?:logged in|authenticated|login) (?:as|by) )|pkexec|doas|(?i-u:username['\"]?>|<user>)|User@Host",
    (
        (_KEYED, _LETTERED, ""),
        ("|".join(_SLOTS), _NAME, ""),
        *_ENCLOSED,
        (r"(?:用户名?|账号|帐号|登录名)[:\uff1a= \[\"“「']*", r"[A-Za-z_][A-Za-z0-9_.\-]*", ""),
        ("", r"S-1-5-21(?:-[0-9]+){3,4}", ""),
    ),
    is_worded=True,
)
"""Names where a program's format has one; the last is a person's identifier in Windows ([MS-DTYP] 2.4.2)."""

CALLED = Rule(
    "user",
    r"(?i-u:\buser(?:name)?(?: |: ?))[^\s]",
    pattern=re.compile(
        r"(?P<before>(?<![$-])\b(?:(?P<role>invalid|illegal|unknown|authenticating|for|from|of|by|as|to|with|new|remov\w{1,3}|delet\w{1,3}"
        r"|existing|denied|failed|current|remote|local) )?user(?:name)?(?P<is>(?: |: ?)[\"'`(\[]?))"
        rf"(?P<value>[^{_NO_CHARACTER}]{{0,63}}[^{_NO_CHARACTER}.])",
        re.IGNORECASE,
    ),
    check=is_user,
    kept="before",
    is_worded=True,
)

HOME = Rule(
    "user",
    r"/(?:home|Users|user)/|(?i-u:[a-z]:\\{1,2}(?:users|documents and settings)\\)|/usercache/|/staging/|/cron/|/mail/",
    pattern=re.compile(
        r"(?P<before>(?:(?<![\w.\-])|(?<=/export)|(?<=/mnt)|(?<=/nfs)|(?<=/data))/(?:home|Users)/(?![^\s/]{1,64}\.(?:html?|erb|haml|php|jsp|aspx?|jsx?|tsx?|css|rb|py|vue)\b)|\b[A-Za-z]:\\{1,2}(?:[Uu]sers|Documents and Settings)\\{1,2}|/usercache/|/var/(?:spool/)?(?:mail|cron)/"
        r"(?:crontabs/)?|/user/(?=[^/\s]{1,64}/)|/staging/(?=[^/\s]{1,64}/\.staging))(?P<value>[^\s/\\\"'`<>:;,|()\[\]{}]{1,64})"
    ),
    check=is_home,
    kept="before",
    is_worded=True,
)

PRINCIPAL = Rule(
    "email",
    "/[A-Za-z0-9_.-]+@[A-Z]",
    ((r"^|[^A-Za-z0-9_.$\-/]", r"[A-Za-z0-9_.$\-]+/[A-Za-z0-9_.\-]+@[A-Z][A-Z0-9.\-]*[A-Z]", ""),),
    is_worded=True,
)
"""Kerberos' `name/instance@REALM`. Source: RFC 1964, 2.1.1."""
