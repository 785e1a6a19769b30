# ruff: noqa: RUF001 - Chinese has punctuation of its own
"""People: marks in a text that somebody else may be spoken of. A text that bears one is withheld whole.

There is no list of all names, so it errs on the side of withholding: besides titles, greetings, signatures, mentions and
kinship, a capital letter inside a sentence is enough, and in Chinese a common surname where a name would stand. What it
cannot see is a name in small letters that nothing marks, and a given name alone in Chinese; how much it sees is measured
in the tests on texts written for that.

Source: policy 2021-11-01, clause S104d. Surnames: the hundred most frequent of China by the Ministry of Public Security's
report for 2020, as far as they are not common words as well.
"""

import re
from collections.abc import Sequence
from typing import Final

HAN: Final = r"[\u4e00-\u9fff]"

TITLE: Final = re.compile(
    r"(?:\bMiss\b|(?i:\b(?:mr|mrs|ms|mx|mister|dr|prof|sir|madam|herr|frau|mme|mlle|monsieur|madame|sr|sra|srta|señor|señora|signor|signora)\b\.?))\s*[^\W\d_]"
)
"""A title before a name."""

TITLE_AFTER: Final = re.compile(
    rf"{HAN}(?:先生|女士|小姐|太太|老师|医生|师傅|同学|阿姨|叔叔|经理|总监|主任|律师|店长|老板)|{HAN}总(?!{HAN})|小{HAN}(?=[，。,:：]|$)"
)
"""A title behind a name, as Chinese has it."""

GREETING: Final = re.compile(
    r"(?im:(?:^|[.!?,;\"'“]\s*|\s)(?:dear|hi|hello|hey|good (?:morning|day|evening)|liebe[rs]?|hallo|guten tag|bonjour|cher|chère|hola|estimad[oa]|querid[oa])[ ,]+(?!(?:there|all|team|support|everyone|everybody|the|my|i|it|this|that|we|you|can|could|how|why|what|when|where|is|are|please|your|our|no|not)\b)[^\W\d_])"
    r"|(?:尊敬的|亲爱的|敬爱的)(?!用户|客户|会员)|致(?:信|函)"
)
"""A greeting before a name."""

SIGNATURE: Final = re.compile(
    r"(?i:\b(?:regards|sincerely|cheers|best wishes|yours(?: truly)?|thanks|thank you|grüßen?|cordialement|saludos)\b)[\s,.!–—-]+[A-ZÀ-ÖØ-Þ]"
    r"|(?m:^\s*(?:--|[–—])\s*[^\W\d_])|(?i:\bsigned(?: by)?\b)|(?:此致|敬上|敬礼|署名|落款|谨启)"
)
"""The end of a letter."""

MENTION: Final = re.compile(r"(?<![\w.])[@＠]\s?[\w\u4e00-\u9fff]")
"""Somebody who is mentioned, as in a chat."""

KIN: Final = re.compile(
    r"(?i:\b(?:my|his|her|their|our|your|a)\s+(?:\w+\s+)?(?:wife|husband|spouse|partner|girlfriend|boyfriend|friend|colleague|coworker|boss|manager|neighbou?r|mother|mom|mum|father|dad|son|daughter|child|kid|brother|sister|uncle|aunt|cousin|grand\w+|roommate|assistant)\b)"
    r"|(?:我|他|她|你|您|咱|家)(?:的|们|家)?(?:妻子|丈夫|老公|老婆|爱人|对象|男友|女友|男朋友|女朋友|朋友|同事|领导|老板|邻居|妈妈|妈|母亲|爸爸|爸|父亲|儿子|女儿|孩子|哥哥|弟弟|姐姐|妹妹|奶奶|爷爷|室友|助理)"
)
"""Somebody whom the writer knows, named or not."""

CALLED: Final = re.compile(
    r"(?i:\b(?:named?|called|name is|username|user name|contact(?: person)?|recipient|addressee|attn|attention|cc|sender|owner|assignee|reporter|author)\b\s*(?:is|[:=])?\s*[\"'“]?[^\W\d_])"
    r"|(?:姓名|名字|名叫|叫做|我叫|他叫|她叫|联系人|收件人|收货人|寄件人|经办人|负责人|客户名|用户名)"
)
"""A name that is said to be one."""

INSIDE: Final = re.compile(
    r"(?<![.!?:;。！？：；\n\"'“(\[/\\-])(?<!^)\s+([A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ'’]+)\b"
)
"""A capital letter inside a sentence."""

PAIR: Final = re.compile(
    r"(?:^|[.!?:;\n\"'“(\[]\s*)([A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ'’-]+)\s+([A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ'’-]+|[A-Z]\.)"
)
"""Two of them where a sentence begins."""

POSSESSIVE: Final = re.compile(r"\b([A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ]+)['’]s\b")
"""Something that is somebody's."""

SAYS: Final = re.compile(
    r"(?:^|[.!?:;\n]\s*)([A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ'’-]+) (?:said|says|wrote|told|asked|called|thinks|wants|knows|lives|went|came|bought|ordered)\b"
)
"""Somebody who does what only people do."""

NO_NAMES: Final = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august "
    "september october november december english chinese french german spanish internet web windows linux android "
    "chrome firefox safari edge wi-fi bluetooth error warning exception timeout he she they we you who nobody somebody someone everybody everyone customer user i i'm i'd i'll i've".split()
)
"""Words with a capital letter that name nobody: days, months, languages, and what logs are full of."""

SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱林郭罗郑梁谢宋唐许邓冯韩曹彭萧肖蔡潘袁董余苏吕魏蒋田杜丁沈姜范傅卢汪戴崔陆廖姚邹谭侯邱薛潘雷贺龚邵钱段孟秦阎郝"
BEFORE: Final = r"(?:^|[\s，。、：:；;！!？?“\"(（@]|给|和|跟|与|找|由|是|让|请|问|向|被|把|对|同|为|替|通知|联系|转告|告诉|客户|用户|员工|同事)"
BEHIND: Final = r"(?=$|[\s，。、：:；;！!？?”\")）]|的|说|在|来|去|要|已|会|没|不|把|被|和|跟|与|是|收|发|下|打|买|退|投|给|想|请|也|都|还|就|负责)"
CHINESE: Final = re.compile(
    rf"{BEFORE}(?!谢谢)(?:[{SURNAMES}]{HAN}{{1,2}}?|欧阳{HAN}{{1,2}}?|司马{HAN}{{1,2}}?|上官{HAN}{{1,2}}?|诸葛{HAN}{{1,2}}?){BEHIND}"
)
"""A common surname where a name would stand."""

MARKS: Final = (TITLE, TITLE_AFTER, GREETING, SIGNATURE, MENTION, KIN, CALLED, CHINESE)
CAPITALS: Final = (INSIDE, PAIR, POSSESSIVE, SAYS)


def tells_of_others(text: str) -> bool:
    """Whether a text bears a mark that somebody else may be spoken of."""
    if any(mark.search(text) for mark in MARKS):
        return True
    return any(
        _names_somebody(found.groups()) for each in CAPITALS for found in each.finditer(text)
    )


def _names_somebody(words: Sequence[str]) -> bool:
    """Whether capital words may be a name: not where each is a word that names nobody."""
    return any(word.lower() not in NO_NAMES for word in words)
