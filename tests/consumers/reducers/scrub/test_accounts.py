"""Names go where programs write them, and stay where a sentence only speaks of users."""

import pytest

from remit_consumers.reducers.free_text import scrubbed


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        # sshd
        ("Invalid user alice from 192.0.2.5", "Invalid user <user> from <ip>"),
        ("Invalid user 0101 from 192.0.2.5", "Invalid user <user> from <ip>"),
        ("Invalid user  from 192.0.2.5", "Invalid user  from <ip>"),
        (
            "input_userauth_request: invalid user alice [preauth]",
            "input_userauth_request: invalid user <user> [preauth]",
        ),
        (
            "Failed password for invalid user alice from 192.0.2.5 port 4432 ssh2",
            "Failed password for invalid user <user> from <ip> port 4432 ssh2",
        ),
        (
            "[ Failed password for root from 192.0.2.5 port 2 ssh2]",
            "[ Failed password for <user> from <ip> port 2 ssh2]",
        ),
        (
            "Connection closed by authenticating user alice 192.0.2.5",
            "Connection closed by authenticating user <user> <ip>",
        ),
        (
            "Disconnected from user alice 192.0.2.5 port 40",
            "Disconnected from user <user> <ip> port 40",
        ),
        (
            "Too many authentication failures for alice [preauth]",
            "Too many authentication failures for <user> [preauth]",
        ),
        ("attempts exceeded for alice from 192.0.2.5", "attempts exceeded for <user> from <ip>"),
        (
            "User alice from 192.0.2.5 not allowed because",
            "User <user> from <ip> not allowed because",
        ),
        (
            "PAM: Authentication failure for illegal user alice from pc.example.pl",
            "PAM: Authentication failure for illegal user <user> from <host>",
        ),
        # PAM
        (
            "session opened for user alice(uid=1000) by (uid=0)",
            "session opened for user <user>(uid=1000) by (uid=0)",
        ),
        (
            "session opened for user root by alice(uid=1000)",
            "session opened for user <user> by <user>(uid=1000)",
        ),
        (
            "logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.5  user=alice",
            "logname= uid=0 euid=0 tty=ssh ruser= rhost=<ip>  user=<user>",
        ),
        ("password check failed for user (alice)", "password check failed for user (<user>)"),
        ("password changed for alice", "password changed for <user>"),
        ('not met by user "alice"', 'not met by user "<user>"'),
        # su, sudo, login, shadow
        ("su[12]: (to root) alice on pts/1", "su[12]: (to <user>) <user> on pts/1"),
        ("su[12]: Successful su for root by alice", "su[12]: Successful su for <user> by <user>"),
        ("su[12]: + /dev/pts/0 alice:root", "su[12]: + /dev/pts/0 <user>:<user>"),
        ("su: BAD SU alice to root on /dev/ttys000", "su: BAD SU <user> to <user> on /dev/ttys000"),
        (
            "sudo:    alice : TTY=pts/0 ; PWD=/Users/alice ; USER=root ; COMMAND=/bin/ls",
            "sudo:    <user> : TTY=pts/0 ; PWD=/Users/<user> ; USER=<user> ; COMMAND=/bin/ls",
        ),
        (
            "FAILED LOGIN (1) on '/dev/tty1' FOR 'alice', Authentication",
            "FAILED LOGIN (1) on '/dev/tty1' FOR '<user>', Authentication",
        ),
        (
            "new user: name=alice, UID=1001, home=/Users/alice,",
            "new user: name=<user>, UID=1001, home=/Users/<user>,",
        ),
        ("password for 'alice' changed by 'root'", "password for '<user>' changed by '<user>'"),
        # cron, systemd
        ("CRON[12]: (alice) CMD (/usr/bin/run)", "CRON[12]: (<user>) CMD (/usr/bin/run)"),
        ("crontab[12]: (alice) BEGIN EDIT (alice)", "crontab[12]: (<user>) BEGIN EDIT (<user>)"),
        ("New session 3 of user alice.", "New session 3 of user <user>."),
        ("Created slice User Slice of alice.", "Created slice User Slice of <user>."),
        # mail, FTP, databases
        ("Login: user=<alice>, method=PLAIN", "Login: user=<user>, method=PLAIN"),
        ("12AB: uid=1000 from=<alice>", "12AB: uid=1000 from=<user>"),
        ("12AB: from=alice, size=442, class=0", "12AB: from=<user>, size=442, class=0"),
        (
            "12AB: to=alice, ctladdr=alice (8/0), delay=0",
            "12AB: to=<user>, ctladdr=<user> (8/0), delay=0",
        ),
        ('[alice] OK LOGIN: Client "192.0.2.5"', '[alice] OK LOGIN: Client "<ip>"'),
        ('1 [alice] OK LOGIN: Client "192.0.2.5"', '1 [<user>] OK LOGIN: Client "<ip>"'),
        ("USER alice (Login failed): Incorrect", "USER <user> (Login failed): Incorrect"),
        ("FTP LOGIN FROM pc.example.nl [192.0.2.5], alice", "FTP LOGIN FROM <host> [<ip>], <user>"),
        ('role "alice" does not exist', 'role "<user>" does not exist'),
        (
            "denied for user 'alice'@'pc.example.nl' (using",
            "denied for user '<user>'@'<host>' (using",
        ),
        # clusters, Kerberos, Windows, Chinese
        (
            "ugi=alice (auth:SIMPLE) src=/user/alice/x",
            "ugi=<user> (auth:SIMPLE) src=/user/<user>/x",
        ),
        ("Changing view acls to: yarn,alice", "Changing view acls to: <user>,<user>"),
        (
            "view permissions: Set(yarn, alice); users",
            "view permissions: Set(<user>, <user>); users",
        ),
        ("ISSUE: alice/admin@EXAMPLE.COM for", "ISSUE: <email> for"),
        ("Account Name:  alice Account Domain: CORP", "Account Name:  <user> Account Domain: CORP"),
        ("SID S-1-5-21-1004336348-1177238915-682003330-512", "SID <user>"),
        (r"open C:\Users\alice\AppData", r"open C:\Users\<user>\AppData"),
        ("\u7528\u6237alice\u767b\u5f55", "\u7528\u6237<user>\u767b\u5f55"),
    ],
)
def test_a_name_goes(value: str, clean: str) -> None:
    assert scrubbed([value]) == [clean]


@pytest.mark.parametrize("root", ["home", "Users", "usercache", "export/home"])
def test_the_owner_of_a_home_directory_goes(root: str) -> None:
    assert scrubbed([f"open /{root}/alice/x and /{root}/1000/y"]) == [
        f"open /{root}/<user>/x and /{root}/1000/y"
    ]


@pytest.mark.parametrize(
    "value",
    [
        "check pass; user unknown",
        "Couldn't authenticate user",
        "User unknown timed out after 900 seconds",
        "rotation=0; user=0 USER_ROTATION_LOCKED",
        "Got user-level KeeperException when processing",
        "the user experience of the user interface",
        "users with a user agent",
        "Started User Manager for UID 1000.",
        "open /Users/Shared/x and /run/user/1000/bus",
        "FAILED su2 for nothing in particular",
        "Starting user@1000.service...",
    ],
)
def test_a_sentence_about_users_stays(value: str) -> None:
    assert scrubbed([value]) == [value]
