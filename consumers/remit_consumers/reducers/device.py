"""What kind of device an agent string speaks of, and whether a program speaks.

Words that makers put into their strings, sorted by class; the first class that holds wins.
"""

import polars as pl

_BOT = (
    r"(?:^|[^u]|^u|[^c]u)bots?(?:[^a-z]|$)|bot[/_;,]|robot|crawl|spider|slurp|scrap[ey]|archiv|fetch|scann|monitor"
    r"|uptime|pingdom|validat|checker|preview|lighthouse|headless|phantomjs|selenium|puppeteer|playwright"
    r"|facebookexternalhit|externalagent|feed|aggregat|search(?:engine| engine)|index(?:er|ing)|probe|survey|audit"
    r"|\+?https?://|[a-z0-9._-]@[a-z0-9-]+\.[a-z]|https? ?client|\bhttpx?/|libwww|httpunit|nutch|mediapartners"
    r"|google-|apis-google|googleother|yahoo!|bingpreview|skypeuri|whatsapp/|slack-?img|vkshare|nagios|zabbix"
    r"|insights|analy[sz]er|link ?check|transcoder|adsbot|wordpress/|inspection|lookup|reader/|rss"
)
"""Words of programs. Their source: how crawlers name themselves; none is a browser's own word."""

_TOOL = (
    r"^(?:curl|wget|python|java|go-http|okhttp|axios|node|ruby|perl|php|guzzle|aria2|libcurl|lwp|winhttp|postman"
    r"|insomnia|httpie|aiohttp|dart|rust|reqwest|apache-http|jakarta|scrapy|typhoeus|faraday|restsharp|undici|got|dalvik/0"
    r"|twisted|mechanize|pycurl|fasthttp|urlgrabber|masscan|zgrab|nmap|nikto|sqlmap|gobuster|dirbuster)\b"
)
"""Programs that call themselves by their library's name, at the start of the string."""

_FIELDS = r"[/ (]"

_CLASSES = (
    ("console", r"playstation|xbox|nintendo|\bwii\b|\bps[345p]\b|ouya"),
    (
        "tv",
        (
            r"smart-?\s?tv|hbbtv|google ?tv|apple ?tv|android ?tv|bravia|netcast|web0s|viera|aquos|\broku|crkey|chromecast"
            r"|\baft[a-z0-9]{1,7}\b|\btv\b|_tv\b|\btv[_-]|tvbox|tv box|mi ?box|mitv|dtv|ce-html|large screen|\bbox\b|opera tv"
            r"|netrange|vizio|philipstv|loewe|dlna|\bstb\b|inettvbrowser|smarthub|maple|tvos|lg browser|nettv"
        ),
    ),
    (
        "tablet",
        (
            r"\bipad|tablet|kindle|\bkf[a-z]{2,5}\b|playbook|nexus (?:7|9|10)\b|\bsm-[tpx][0-9]|\bgt-[pn][0-9]{4}"
            r"|\btab[ _-]?[a-z0-9]*\b|mediapad|matepad|\bpad[ _0-9-]|[a-z]pad\b|xoom|slate|\btb-?[x0-9][a-z0-9]{3,6}"
            r"|transformer|ideatab|touchpad|\bsch-i800|\bsgp[0-9]{3}|\bt[0-9]{2,3}[a-z]? build|venue [78]|iconia|\bnook"
        ),
    ),
    (
        "mobile",
        (
            r"mobile|iphone|ipod|phone|blackberry|\bbb10|symbian|series ?[346]0|opera mini|j2me|midp|kaios|nokia|ucweb"
            r"|palm|windows ce|maemo|bada|; wv\)|brew|samsung-|sonyericsson"
        ),
    ),
    ("tablet", r"android.*safari"),
    ("mobile", r"android|harmony|\bios\b|cfnetwork"),
    (
        "desktop",
        r"windows|macintosh|mac os x|mac_powerpc|x11|linux|\bcros\b|bsd|amiga|sunos|haiku|darwin|os/2",
    ),
)
"""Classes and the words that makers use, the rarer class first: a television's browser calls itself mobile, too,
and a browser on Android says `Mobile` on telephones only."""


def classify(agents: list[str]) -> tuple[list[bool], list[str]]:
    """Say of each agent string whether a program speaks, and which class of device it names.

    All of them at once: in Rust, a look for these words costs a twentieth of Python's (measured: 6 against 120 µs an agent).

    Args:
        agents: The agent strings in lower case.

    Returns:
        Whether each is a bot; its class: mobile, tablet, desktop, tv, console or other.
    """
    column = pl.Series(agents, dtype=pl.String)
    nameless = ~column.str.contains("mozilla", literal=True) & ~column.str.contains(_FIELDS)
    bots = column.str.contains(_TOOL) | column.str.contains(_BOT) | nameless
    classes = pl.coalesce(
        *(
            pl.when(pl.col("agent").str.contains(words)).then(pl.lit(name))
            for name, words in _CLASSES
        ),
        pl.lit("other"),
    )
    return bots.to_list(), pl.DataFrame({"agent": column}).select(classes).to_series().to_list()
