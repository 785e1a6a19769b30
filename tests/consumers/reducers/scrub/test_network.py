"""Addresses and the names of machines go; versions, times, classes and files that look like them stay."""

import pytest

from remit_consumers.reducers.free_text import scrubbed


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        ("connect from pc.example.de[192.0.2.5]", "connect from <host>[<ip>]"),
        ("client=unknown[IPv6:2001:db8::17]", "client=<host>[IPv6:<ip>]"),
        (
            "getaddrinfo for ns.example.ru [192.0.2.5] failed",
            "getaddrinfo for <host> [<ip>] failed",
        ),
        ("Address 192.0.2.5 maps to pc.example.ru, but", "Address <ip> maps to <host>, but"),
        ("rhost=pc7 user=alice", "rhost=<host> user=<user>"),
        ("from pc.lab.example.nl port 4432", "from <host> port 4432"),
        ("ec2-192-0-2-7.compute.example up", "<host> up"),
        ("192-0-2-7.dyn.isp.example", "<host>"),
        ("host192.0.2.7.isp.example closed", "<host> closed"),
        ("Jul  1 09:00:55 visitor-192-0-2-7 kernel[0]: up", "Jul  1 09:00:55 <host> kernel[0]: up"),
        (
            "block BP-1347369012-192.0.2.7-1444972147527:blk_1",
            "block BP-1347369012-<ip>-1444972147527:blk_1",
        ),
        (
            "Old: node-41/192.0.2.7:9000 New: node-41:9000",
            "Old: node-41/<ip>:9000 New: node-41:9000",
        ),
        ("[fe80::1%eth0]:22 and 2001:DB8::FF", "[<ip>]:22 and <ip>"),
        ("src:2001:db8::2", "src:<ip>"),
        ("(FE80:0000:0000:0000:C6B3:01FF:FECD:467F)", "(<ip>)"),
        ("ip=192.0.2.5%3A80 and %20192.0.2.6", "ip=<ip>%3A80 and %20<ip>"),
        ("MAC=01:00:5e:00:00:01:00:1b:44:11:3a:b7:08:00 SRC", "MAC=<mac> SRC"),
        ("mac=001b44113ab7", "mac=<mac>"),
        ("to alice%40example.com now", "to <email> now"),
        ("\u81f3alice@example.com\u8c22\u8c22", "\u81f3<email>\u8c22\u8c22"),
        ("\u90ae\u7bb1\uff1a\u5f20\u4e09@\u4f8b\u5b50.\u4e2d\u56fd", "\u90ae\u7bb1\uff1a<email>"),
        ("[LeaseRenewer:alice@node-sa-41:9000]", "[LeaseRenewer:<email>:9000]"),
        ("GET http://alice:pw@localhost/x", "GET <url>"),
        ("GET http://localhost/x?mail=a", "GET <url>"),
        (
            "release 192.0.2.7, server 192.0.2.8, driver: 192.0.2.9",
            "release <ip>, server <ip>, driver: <ip>",
        ),
        ("1-2-3-4.isp.md and face:2001:db8:0:1:1:1:1:1", "<host> and <ip>"),
        ("see shop.example.co.uk now", "see <domain> now"),
    ],
)
def test_an_address_goes(value: str, clean: str) -> None:
    assert scrubbed([value]) == [clean]


@pytest.mark.parametrize(
    "value",
    [
        "Loaded Servicing Stack v6.1.1.2 with Core",
        "Package_for_KB1~31bf3856ad364e35~amd64~~6.1.1.2, State",
        "wcp.dll version 0.0.0.6 called @0x7fed806eb5d",
        "lib/foo-1.2.3.4.jar and 1.2.3.4-beta",
        "R02-M1 2005-06-03-15.42.50.363779 R02-M1",
        "std::cafe::b at 10:20:30 in a.b.C@1f2e3d4",
        "at 17-06-09-20-10-40 in backup-17-06-09-20.log",
        "Jetty_0_0_0_0_62267_mapreduce____.8n7xum",
        "Nov 10 00:00:00 local@tbird-admin1 postfix: up",
        "lodash@4.17.21 nginx@sha256:9f86 pkg@npm:^2.0.0",
        "hdfs://node-1:9000/tmp/x file:///tmp/x http://localhost:80/ok",
        "curl http://[HOST]:80/ http://${HOST}/ <http://>",
        "import org.example.Foo from java.util.concurrent",
    ],
)
def test_what_only_looks_like_one_stays(value: str) -> None:
    assert scrubbed([value]) == [value]
