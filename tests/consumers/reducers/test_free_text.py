"""Free text loses what is somebody's, and nothing else."""

import pyarrow as pa
import pytest

from remit_consumers.reducers import free_text
from remit_schemas.parameters import complete

DEFAULT = complete("free_text", {})

HOME = "home"
"""A controller called as the folder of people's homes is."""


def scrub(value: str) -> str:
    (column,) = free_text.reduce(pa.array([value]), DEFAULT)
    return str(column[0].as_py())


@pytest.mark.clause("S026a", "S055")
@pytest.mark.parametrize(
    ("value", "clean"),
    [
        ("from 203.0.113.77:8080", "from <ip>:8080"),
        ("src: /203.0.113.77", "src: /<ip>"),
        ("peer 2001:db8::17 up", "peer <ip> up"),
        ("peer [2001:db8::17]:443 up", "peer [<ip>]:443 up"),
        ("nic 00:1B:44:11:3A:B7 up", "nic <mac> up"),
        ("nic 001b.4411.3ab7 up", "nic <mac> up"),
        ("mail to alice.adams+x@mail.example.com, now", "mail to <email>, now"),
        ("ssh alice@buildhost", "ssh <email>"),
        ("mail m\u00fcller@example.com", "mail <email>"),
        ("card 4111 1111 1111 1111 declined", "card <card> declined"),
        ("card 4111-1111-1111-1111 declined", "card <card> declined"),
        ("card 4111 1111 1111 1112 declined", "card 4111 1111 1111 1112 declined"),
        ("iban DE89 3704 0044 0532 0130 00 used", "iban <iban> used"),
        ("call +49 170 1234567 back", "call <phone> back"),
        ("mobile: 0170 1234567", "mobile: <phone>"),
        ("\u624b\u673a13800138000", "\u624b\u673a<phone>"),
        ("sms 13800138000 sent", "sms <phone> sent"),
        ("reach me at (212) 555-0123", "reach me at <phone>"),
        ("ssn 078-05-1120 given", "ssn <id> given"),
        ("resident 11010519491231002X seen", "resident <id> seen"),
        ("company 91350100M000100Y43 seen", "company <id> seen"),
        ("Authorization: Bearer k7wq2p9x.m4", "Authorization: Bearer <secret>"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc done", "jwt <token> done"),
        ("key AKIA" + "Q3EGUZ5LWX7RNTBV leaked", "key <secret> leaked"),
        ("password=hunter2 rejected", "password=<secret> rejected"),
        ('{"api_key": "a1b2c3d4e5f6"}', '{"api_key": "<secret>"}'),
        ("token=9fceb02d0ae598e95dc970b74767f19372d61af8", "token=<secret>"),
        ("GET https://shop.example/x?y=1 failed", "GET <url> failed"),
        ("db postgres://root:pw@db.example/x down", "db <url> down"),
        ("see www.example.org/alice, please", "see <domain>, please"),
        ("rhost=192-0-2-7.dyn.example.net user=alice", "rhost=<host> user=<user>"),
        ("host 192-0-2-7.dyn.example.net up", "host <host> up"),
        ("connection from 203.0.113.77 (pc.example.nl) at", "connection from <ip> (<host>) at"),
        ("Accepted password for alice from 203.0.113.77", "Accepted password for <user> from <ip>"),
        (
            "Failed password for invalid user alice from",
            "Failed password for invalid user <user> from",
        ),
        ("session opened for user alice by (uid=0)", "session opened for user <user> by (uid=0)"),
    ],
)
def test_what_is_somebodys_becomes_a_mark_of_its_kind(value: str, clean: str) -> None:
    assert scrub(value) == clean


@pytest.mark.parametrize(
    "value",
    [
        "2015-10-18 18:01:50,634 INFO [main] org.apache.hadoop.net.NetUtils: started in 1234 ms",
        "081109 203807 222 INFO dfs.DataNode$PacketResponder: PacketResponder 0 terminating",
        "std::vector a::b 10:20:30 at QuorumCnxManager$Listener@493",
        "Object@1f2e3d released, version 3.4.5, 67108864 bytes, pid=19939",
        "check pass; user unknown",
        "password is required; token expired",
        "onExtend:1514038530000 14 0 4",
        "caller 10111 does not hold REAL_GET_TASKS; called 3 times",
        "sha 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "",
    ],
)
def test_a_line_without_anybodys_data_stays_as_it_is(value: str) -> None:
    assert scrub(value) == value


def test_a_text_is_cut_to_its_length() -> None:
    (column,) = free_text.reduce(
        pa.array(["word " * 100]), complete("free_text", {"chars_max": 20})
    )
    assert column.to_pylist() == ["word word word word "]


def test_a_cut_leaves_no_half_of_an_address() -> None:
    text = "alice@example.com " * 40
    (column,) = free_text.reduce(pa.array([text]), complete("free_text", {"chars_max": 16}))
    assert "alice" not in column[0].as_py()


def test_an_explanation_names_the_rules_in_order() -> None:
    said = free_text.explain("login of alice@example.com from 203.0.113.77", DEFAULT)
    assert said == "email, ip"
    assert free_text.explain("all is well", DEFAULT) == "nothing found"


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("GET /reset?name=ann&x=1 HTTP/1.1", "GET /reset?<query> HTTP/1.1"),
        ('"/search?q=blue+shoes" 200', '"/search?<query>" 200'),
        ("KeyError: 'ann@corp.example'", "KeyError: '<email>'"),
        ("mail from o'hara@corp.example", "mail from <email>"),
        ("ann\uff20corp.example wrote", "<email> wrote"),
        ("ann : TTY=pts/0 ; COMMAND=/bin/ls", "<user> : TTY=pts/0 ; COMMAND=/bin/ls"),
        ("uid=ann.lee,ou=people", "uid=<user>,ou=people"),
        ("user_id=ann_lee ok", "user_id=<user> ok"),
        ("my password is hunter2", "my password is <secret>"),
        ("IP 203.0.113.5.443 > 198.51.100.7.51234: [S]", "IP <ip>.443 > <ip>.51234: [S]"),
        (r'{"path":"C:\\Users\\ann\\x"}', r'{"path":"C:\\Users\\<user>\\x"}'),
        ("read /var/spool/cron/ann", "read /var/spool/cron/<user>"),
        ("imap(ann): Connection closed", "imap(<user>): Connection closed"),
        ("Login OK: [ann/<via>] from", "Login OK: [<user>/<via>] from"),
        ('"username"=>"ann"', '"username"=>"<user>"'),
        ("FAILED SU (to root) ann on pts/3", "FAILED SU (to root) <user> on pts/3"),
        ("ann logged in as annlee ok", "ann logged in as <user> ok"),
        ("用户[zhangsan] 登录", "用户[<user>] 登录"),
        ("otp=482913", "otp=<secret>"),
        (
            'by "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0" today',
            'by "<user_agent>" today',
        ),
    ],
)
def test_what_a_new_user_found_in_ordinary_lines_goes(line: str, left: str) -> None:
    assert scrub(line) == left


@pytest.mark.parametrize(
    "line",
    [
        *("uid=0 gid=0", "is it late? yes=no", "what?a=b", "password is required", "session: idle"),
        *("memory.max=17179869184", "took 13812345678 ns", "heap_used_bytes: 15123456789"),
        *(
            f"Rendered app/views/{HOME}/index.html.erb",
            "ASP.NET 4.0 is there",
            "reading of user environment",
        ),
    ],
)
def test_what_only_looks_like_it_stays(line: str) -> None:
    assert scrub(line) == line
