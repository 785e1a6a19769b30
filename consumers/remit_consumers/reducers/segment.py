"""Which segments of a path are words of the app, and which are somebody's data.

Judged by shape, never by a list of examples: how letters and digits change, how letters follow one another, and
behind which word a segment stands.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

MORE = "{more}"
"""Stands for the segments beyond the most that are kept."""

SEGMENT_CHARS_MAX = 100
"""Longer segments are taken for data (our choice; 12 segments of 150,000 real requests are longer)."""

HEX_CHARS_MIN = 8
"""A piece of hexadecimal letters and digits, from this length on, is a token even if it looks like word and number."""

WORD_CHARS_MAX = 32
"""A longer piece without a separator is no word (our choice)."""

CODE_DIGITS_MIN = 3
"""Digits that make a code of capitals: two are a version (`UTF-8`, `HTML5`)."""

_MARKS = frozenset(
    "{number} {uuid} {email} {token} {id} {ip} {text} {file} {host} {url} {more}".split()
)
"""What a segment is called that is not kept."""

_NAMES_ID = re.compile(
    r"\{(?:[A-Za-z]\w{0,63}_)?(?:id|pk|uuid|number)\}|\{[A-Za-z]\w{0,63}Id\}", re.ASCII
)
"""A parameter of a route, as an app's middleware writes it, whose name says that it identifies; the name itself goes."""

_CODE = frozenset(".js .mjs .css .map .woff .woff2 .ttf .eot".split())
"""Extensions of what an app is made of."""

_PAGE = frozenset(".html .htm .php .asp .aspx .jsp .do .xml .json .md .rss .atom .ico .svg".split())
"""Extensions of pages."""

_DOCUMENT = frozenset(
    """
    .txt .csv .png .jpg .jpeg .gif .webp .avif .heic .pdf .doc .docx .odt .rtf .xls .xlsx .ods .ppt .pptx .zip .gz .tgz
    .bz2 .tar .7z .rar .mp3 .mp4 .webm .mov .avi .wav .eml .msg .vcf .ics .apk .exe .dmg .iso
    """.split()
)
"""Extensions of files that people make and send."""

_SOURCE = frozenset(
    """
    .py .sh .bat .c .h .cpp .cs .java .class .go .rs .ts .tsx .jsx .vue .rb .pl .lua .sql .yml .yaml .toml .ini .cfg .conf
    .log .lock .bak .env .tex .xsl .xhtml .swf .dll .wasm .webmanifest .cgi .mk .spec
    """.split()
)
"""Extensions of what programmers write and servers keep."""

_EXTENSIONS = _CODE | _PAGE | _DOCUMENT | _SOURCE
_BUNDLED = _CODE | {".svg", ".png", ".jpg", ".webp"}
_BUNDLE = re.compile(r"([a-z]{2,24}(?:[._-][a-z]{2,24}){0,4}[._-])(?:\{token\}|[0-9A-Za-z_]{6,64})")
"""What a bundler writes before the extension: a name, and a hash of the content."""

_LETTERS = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
_FIRST_LAST = re.compile(rf"[{_LETTERS}]{{2,24}}\.[{_LETTERS}]{{2,24}}[0-9]{{0,4}}")
"""Two words with a point between them, the last no extension: how accounts are made of names."""

_EASY = re.compile(r"_?[A-Z]?[a-z]{1,31}(?:[-_][A-Z]?[a-z]{1,31}){0,15}|[A-Z]{2,5}")
"""Words in one case, without digits and dots: only noise has to be told from them."""

_UUID = re.compile(r"\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?", re.IGNORECASE)
_QUAD = re.compile(r"(?<![0-9])(?:[0-9]{1,3}[._-]){3}[0-9]{1,3}(?![0-9])")
_VERSION = re.compile(r"v?[0-9]{1,2}(?:\.[0-9]{1,2}){1,2}|v[0-9]{1,2}|[0-9]{1,2}\.x", re.IGNORECASE)
_NUMBER = re.compile(r"[\d.,_~+()-]*\d[\d.,_~+()-]*")
_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?)"
)
_DATE = re.compile(
    rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T[0-9:.,]{{2,20}}(?:Z|[+-][0-9:]{{2,5}})?"
    rf"|(?:[0-9]{{1,4}}(?:st|nd|rd|th)?[-_.]?)?{_MONTH}[-_.]?(?:[0-9]{{1,2}}(?:st|nd|rd|th)?[-_.,]{{0,2}})?[0-9]{{2,4}}",
    re.IGNORECASE,
)
_URL = re.compile(r"(?:https?|wss?|ftps?|file):.*|[a-z][a-z0-9+.-]{1,30}:", re.IGNORECASE)
_EMAIL = re.compile(r"@[^@]{1,99}\.[^\W\d_]")
_COLONS = re.compile("[^:]*:[^:]*:.*")
_HARDWARE = re.compile(r"[0-9a-f]{2}(?:([-_.])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}", re.IGNORECASE)
"""A hardware address, in pairs of hexadecimal digits (IEEE 802)."""

_SHAPES = (
    ("{url}", _URL.fullmatch),
    ("{id}", _HARDWARE.fullmatch),
    ("{uuid}", _UUID.fullmatch),
    ("{number}", _DATE.fullmatch),
    ("{ip}", _QUAD.search),
    ("{number}", _NUMBER.fullmatch),
    ("{ip}", _COLONS.fullmatch),
)
_PADDED = re.compile(r"[A-Za-z0-9+_-]{2,}={1,2}")
_PLAIN = re.compile(r"[A-Za-z0-9_.~\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f-]+")
"""Letters of the Latin script: routes are hardly ever written in another one, and what is cannot be judged here."""

_TOP_LEVEL = frozenset({"com", "net", "org", "edu", "gov", "mil"})
"""Ends of host names that are no extension of a file."""

_DIGIT_OR_COLON = re.compile("[0-9:]")
_PIECES = re.compile(r"[._~-]+")
_LONG_NUMBER = re.compile(r"[0-9]{3,}")
_HEX = re.compile(r"(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]+", re.IGNORECASE)
_WORD_WITH_DIGITS = re.compile(
    r"[a-z]{1,24}[0-9]+"  # html5, page12, rubygems615
    r"|[A-Z][a-z]{1,24}[0-9]+|[A-Z]{4,8}[0-9]+|[A-Z]{1,3}[0-9]"  # Page2, HTML5, S3
    r"|[0-9]{1,2}[a-z]{1,10}|[0-9]+(?:px|x|w|h|k|p|s|ms|th|kb|mb|gb|dpi|min)"  # 2fa, 3d, 1080p
    r"|[0-9]{1,5}x[0-9]{1,5}"  # 192x192
    r"|[a-z]{1,12}[0-9]{1,2}[a-z]{1,12}"  # i18n, log4j, oauth2callback
    r"|[A-Z]{0,3}[a-z]{2,24}(?:[A-Z][a-z]{1,24}){0,5}V?[0-9]{1,2}(?:[A-Z][a-z]{1,24}){0,5}"  # OAuth2, orderV2, webGl2Context
)
_DIGIT = re.compile("[0-9]")
_CAPITAL_INSIDE = re.compile("[a-z](?=[A-Z])")
_SELDOM = """
    ahjq bbcdfghjkmnpqtvwxyz cbfgjnqvwxz dhjnqvwxz
    ehjz fbcdghjkmnpqvwxz gbcdfjkqtvwxyz hbcdfghjklmnpqsvwxz
    ihijqwy jbcdfghjklmnpqrtuvwxyz kbcdfghjkmnpqrtvwxyz lghjnqrvwxz
    mfghjknqrvwxz nhjqrwxz oehqyz pbfgjkmnqvwxz
    qabcdefghijkmnopqrstvwxyz rhjqwxz sbgjvxz tjnqvxz
    ufhjkoquvwxyz vbcdfghjklmnpqrstuvwxyz wbcdfghjklmnpqtuvwxyz xabcdfghjklmnoqrsuvwxyz
    yhjkqvwxyz zbcdfghijklmnopqrstuvwxyz
"""
"""For each letter, those that seldom follow it in words: less than 5 times in 10,000 pairs (15 by chance).
Measured on 180,000 words in names of software packages, which hold English and a little of many languages."""

_SELDOM_PAIR = re.compile("|".join(f"{row[0]}(?=[{row[1:]}])" for row in _SELDOM.split()))

NOISE_CHARS_MIN = 6
"""Letters from which on a piece can be told from noise: five hold too little."""

NOISE_PAIRS_MIN = 4
"""Seldom pairs of which noise is made: 0.3 % of words of 10 letters have so many, and 68 % of random ones."""

_ABOUT_SOMEONE = frozenset(
    """
    user users u username usernames member members profile profiles people person persons customer customers client
    clients patient patients doctor doctors physician physicians lawyer lawyers attorney attorneys teacher teachers
    employee employees staff student students candidate candidates applicant applicants lead leads subscriber
    subscribers donor donors seller sellers driver drivers courier couriers player players friend friends follower
    followers tenant tenants owner owners contact contacts author authors account accounts guest guests name email
    emails phone phones tel mobile birthday birthdate dob iban ssn passport passports voucher vouchers coupon coupons
    reset verify confirm invite invites invitation invitations unsubscribe activate magic otp token tokens secret
    secrets session sessions share
    benutzer nutzer kunde kunden mitglied mitglieder profil konto konten mitarbeiter patienten arzt aerzte
    utilisateur utilisateurs membre membres compte comptes personne personnes
    usuario usuarios cliente clientes miembro miembros perfil cuenta cuentas persona personas paciente pacientes
    usuarios conta contas membro membros pessoa pessoas utente utenti clienti profilo profili membri persone
    gebruiker gebruikers klant klanten lid leden yonghu huiyuan zhanghao
    """.split()
)
"""Segments behind which the next one says who: an identifier, a user name or a one-time token."""

_TYPED = frozenset("search q query queries find keyword keywords term terms lookup".split())
"""Segments behind which the next one is what somebody typed."""

_UPLOADS = frozenset(
    """
    file files upload uploads attachment attachments document documents avatar avatars
    """.split()
)
"""Segments below which the names of files are their owners' own."""

_ROUTES = frozenset(
    """
    me new edit list search index login logout signin signup signout register settings password profile
    create update delete all export import add remove view show about help home default inbox orders
    order history preferences security billing activity notifications avatar address addresses account
    accounts dashboard overview reset confirm verify email phone results advanced suggest autocomplete
    """.split()
)
"""Segments that stay words of the app even there."""

_UPLOAD = "{file}"
_TELLS = (
    dict.fromkeys(_ABOUT_SOMEONE, "{id}")
    | dict.fromkeys(_TYPED, "{text}")
    | dict.fromkeys(_UPLOADS, _UPLOAD)
)


def templated(segments: Sequence[str]) -> list[str]:
    """Name each segment that looks like data by its kind.

    Args:
        segments: The decoded segments of a path, without matrix parameters.
    """
    found: list[str] = []
    told = upload = ""
    for segment in segments:
        kind, tells = _judged(segment)
        if told:
            kind = _told(kind, told)
        found.append(kind)
        if kind == "{url}":
            break  # what follows is the other URL's
        if tells == _UPLOAD:
            upload = tells
        told = tells or upload
    return found


def _told(kind: str, by: str) -> str:
    """Name a segment that looks like a word by what an earlier one told; give it back where that says nothing."""
    stem, extension = _split(kind)
    if stem in _MARKS or stem.lower() in _ROUTES or extension in _CODE:
        return kind
    if by == _UPLOAD:
        return by + extension if extension in _DOCUMENT else kind
    return by


def is_word(text: str) -> bool:
    """Whether a text is a word of the app, standing alone; it may have numbers of its own, such as `sha256`."""
    return len(text) <= SEGMENT_CHARS_MAX and _kind(text) == _LONG_NUMBER.sub("{number}", text)


def _judged(segment: str) -> tuple[str, str]:
    """Give a segment back, or its template; and what the segment tells of the next."""
    return _remembered(segment) if len(segment) <= SEGMENT_CHARS_MAX else ("{token}", "")


@lru_cache(maxsize=16_384)
def _remembered(segment: str) -> tuple[str, str]:
    """Judge a segment of bounded length, once."""
    return _named(segment), _TELLS.get(segment.lower(), "")


def _named(segment: str) -> str:
    """Give a segment back, or its template, also where it is a name with a point in it, as accounts have."""
    stem, extension = _split(segment)
    if extension not in _CODE and _FIRST_LAST.fullmatch(stem) and not _is_host(stem.lower()):
        return "{id}" + extension
    return _kind(segment)


def _kind(segment: str) -> str:
    """Give a segment back, or its template."""
    stem, extension = _split(segment)
    if _EASY.fullmatch(stem) and len(_SELDOM_PAIR.findall(stem.lower())) < NOISE_PAIRS_MIN:
        return stem + extension
    kind = _stem(stem)
    if kind == "{host}":
        return kind
    if kind == "{token}" and extension in _BUNDLED and (bundle := _BUNDLE.fullmatch(stem)):
        name = bundle[1]
        return f"{name if _stem(name) == name else ''}{kind}{extension}"
    return kind + extension


def _split(segment: str) -> tuple[str, str]:
    """Take a known extension, in lower case, from what stands before it."""
    stem, dot, extension = segment.rpartition(".")
    known = dot + extension.lower()
    return (stem, known) if stem and known in _EXTENSIONS else (segment, "")


def _stem(stem: str) -> str:
    """Give a segment without its extension back, or its template."""
    if stem in _MARKS:
        return stem
    if stem.startswith("{") and _NAMES_ID.fullmatch(stem):
        return "{id}"
    return _shape(stem) or _looked_into(stem)


def _shape(stem: str) -> str:
    """Name the shape that a whole segment has; empty where it has none of them."""
    if "@" in stem:
        return "{id}" if stem.startswith("@") else "{email}" if _EMAIL.search(stem) else "{text}"
    if stem.isascii() and _DIGIT_OR_COLON.search(stem) is None:
        return ""
    if _VERSION.fullmatch(stem):
        return stem
    return next((kind for kind, has_shape in _SHAPES if has_shape(stem)), "")


def _looked_into(stem: str) -> str:
    """Judge the pieces of a segment that has no shape as a whole."""
    bare = stem
    if "{" in stem:  # reduced before: what was named counts as what it was
        bare = stem.replace("{number}", "000").replace("{token}", "0a0a0a0a0")
    if _PLAIN.fullmatch(bare) is None:
        return "{token}" if _PADDED.fullmatch(bare) else "{text}"
    if stem.startswith("~"):
        return "{id}"
    if "." in bare and _is_host(bare.lower()):
        return "{host}"
    pieces = _PIECES.split(bare)
    if (
        _is_code(bare)
        or any(map(_is_token, pieces))
        or sum(map(_is_mixed, pieces)) >= MIXED_PIECES_MIN
    ):
        return "{token}"
    return _LONG_NUMBER.sub("{number}", bare)


MIXED_PIECES_MIN = 4
"""So many short pieces in which letters and digits are mixed are a code in groups (`4k-7p-2q-9z`)."""

SHORT_CHARS = 4
"""Characters of the longest such piece."""


def _is_mixed(piece: str) -> bool:
    """Whether a piece of a code in groups has letters and digits."""
    return 1 < len(piece) <= SHORT_CHARS and not piece.isalpha() and not piece.isdigit()


def _is_host(text: str) -> bool:
    """Whether a text with a dot is the name of a host."""
    return text.startswith("www.") or text.rpartition(".")[2] in _TOP_LEVEL


def _is_code(text: str) -> bool:
    """Whether a text is a code such as `ORD-2024-AB12`: capitals and digits only, at least three digits."""
    return text.isupper() and len(_DIGIT.findall(text)) >= CODE_DIGITS_MIN


def _is_token(piece: str) -> bool:
    """Whether a piece between separators is a key or code, not a word."""
    if len(piece) > WORD_CHARS_MAX:
        return True
    if piece.isalpha():
        return _is_noise(piece)
    if piece.isdigit() or not piece:
        return False
    if len(piece) >= HEX_CHARS_MIN and _HEX.fullmatch(piece):
        return True
    return _WORD_WITH_DIGITS.fullmatch(piece) is None or _is_noise(_DIGIT.sub("", piece))


def _is_noise(letters: str) -> bool:
    """Whether letters follow one another as in no word: by capitals inside, and by seldom pairs."""
    length = len(letters)
    if length < NOISE_CHARS_MIN:
        return False
    if len(_CAPITAL_INSIDE.findall(letters)) * (3 if length < 2 * NOISE_CHARS_MIN else 4) >= length:
        return True
    pairs = len(_SELDOM_PAIR.findall(letters.lower()))
    return pairs >= NOISE_PAIRS_MIN + length // 16  # longer words have more of them by chance
