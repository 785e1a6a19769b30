"""Well-known places that visitors come from: what kind each is, by its registrable domain.

Written from general knowledge, and short on purpose: what is not here is `other`, and its domain says the rest.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

MEDIUMS = ("search", "social", "email", "chatbot", "paid", "internal", "other")
"""What kind a place is; `chatbot` is a language model that answers with links, `paid` a network of advertisements."""


class Source(NamedTuple):
    """A well-known place.

    Attributes:
        medium: One of `MEDIUMS`.
        name: What people call it.
    """

    medium: str
    name: str


_EVERYWHERE = """
search Google: google
search Yahoo!: yahoo
search Yandex: yandex
search Bing: bing
search Ask: ask
search Lycos: lycos
social Pinterest: pinterest
email GMX: gmx deref-gmx
email Web.de: deref-web
email Bluewin: bluewin
email Mail.com: deref-mail
"""
"""Under any national suffix: of these, one owner has them all."""

_ONE = """
search Google: googleusercontent.com google.cat
search Bing: bing.com msn.com live.com
search DuckDuckGo: duckduckgo.com ddg.gg
search Yahoo! Japan: yahoo.co.jp
search Baidu: baidu.com baidu.jp
search Yandex: ya.ru yandex.com.tr
search AOL: aol.com aol.co.uk aol.de aol.fr
search Ask: ask.com
search Ecosia: ecosia.org
search Qwant: qwant.com
search Startpage: startpage.com ixquick.com
search Naver: naver.com
search Daum: daum.net
search Seznam: seznam.cz
search Sogou: sogou.com
search 360: so.com 360.cn haosou.com
search Shenma: sm.cn
search Rambler: rambler.ru
search Mail.ru: go.mail.ru
search Brave: search.brave.com
search Kagi: kagi.com
search Mojeek: mojeek.com mojeek.co.uk
search Swisscows: swisscows.com swisscows.ch
search MetaGer: metager.org metager.de
search Yep: yep.com
search Presearch: presearch.com presearch.org
search Dogpile: dogpile.com
search WebCrawler: webcrawler.com
search Excite: excite.com excite.co.jp
search AltaVista: altavista.com
search Lycos: lycos.com
search Lilo: lilo.org
search Gibiru: gibiru.com
search Coc Coc: coccoc.com
search Goo: goo.ne.jp
search Biglobe: biglobe.ne.jp
search T-Online: suche.t-online.de
search Web.de: suche.web.de
search GMX: suche.gmx.net suche.gmx.de suche.gmx.at
search Virgilio: virgilio.it
search Orange: lemoteur.orange.fr lemoteur.fr
search Voila: voila.fr
search Onet: szukaj.onet.pl
search Wirtualna Polska: szukaj.wp.pl
search Eniro: eniro.se
search Walla: walla.co.il
search Najdi: najdi.si
search Zoznam: zoznam.sk
search Centrum: centrum.cz
search Atlas: atlas.cz
search AVG: isearch.avg.com search.avg.com
search Avira: search.avira.com
search Babylon: search.babylon.com isearch.babylon.com
search Conduit: search.conduit.com
search InfoSpace: infospace.com
search MyWebSearch: mywebsearch.com
search Comcast: search.comcast.net
search Xfinity: search.xfinity.com
search Yippy: yippy.com
search Blekko: blekko.com
search Gigablast: gigablast.com
search Wolfram Alpha: wolframalpha.com
social Facebook: facebook.com fb.com fb.me messenger.com facebook.net
social Instagram: instagram.com
social Threads: threads.net threads.com
social WhatsApp: whatsapp.com wa.me
social X: x.com twitter.com t.co
social LinkedIn: linkedin.com lnkd.in
social Reddit: reddit.com redd.it
social YouTube: youtube.com youtu.be
social Pinterest: pinterest.com pin.it
social TikTok: tiktok.com
social Snapchat: snapchat.com
social Tumblr: tumblr.com
social Telegram: telegram.org telegram.me t.me
social Discord: discord.com discord.gg discordapp.com
social Quora: quora.com
social Medium: medium.com
social Hacker News: news.ycombinator.com
social Lobsters: lobste.rs
social Stack Overflow: stackoverflow.com
social Stack Exchange: stackexchange.com
social GitHub: github.com
social Mastodon: mastodon.social joinmastodon.org
social Bluesky: bsky.app
social VK: vk.com vkontakte.ru
social Odnoklassniki: ok.ru odnoklassniki.ru
social Weibo: weibo.com weibo.cn
social WeChat: weixin.qq.com wechat.com
social QZone: qzone.qq.com
social Renren: renren.com
social Douban: douban.com
social Zhihu: zhihu.com
social Bilibili: bilibili.com
social Xiaohongshu: xiaohongshu.com
social Douyin: douyin.com
social LINE: line.me
social KakaoTalk: kakao.com
social Mixi: mixi.jp
social Hatena: hatena.ne.jp
social XING: xing.com
social Viadeo: viadeo.com
social Nextdoor: nextdoor.com
social Meetup: meetup.com
social Flickr: flickr.com
social Vimeo: vimeo.com
social Twitch: twitch.tv
social SoundCloud: soundcloud.com
social Last.fm: last.fm lastfm.ru
social DeviantArt: deviantart.com
social Goodreads: goodreads.com
social LiveJournal: livejournal.com livejournal.ru
social MySpace: myspace.com
social Orkut: orkut.com
social Badoo: badoo.com
social Tagged: tagged.com
social Hi5: hi5.com
social Friendster: friendster.com
social Classmates: classmates.com
social StumbleUpon: stumbleupon.com
social Digg: digg.com
social Delicious: delicious.com del.icio.us
social Slashdot: slashdot.org
social Foursquare: foursquare.com
social Disqus: disqus.com
social Google+: plus.google.com plus.url.google.com
social Skyrock: skyrock.com
social Taringa!: taringa.net
social Tuenti: tuenti.com
social Hyves: hyves.nl
social StudiVZ: studivz.net
social Wer-kennt-wen: wer-kennt-wen.de
social Nasza-klasa: nk.pl
social Dribbble: dribbble.com
social Behance: behance.net
social Product Hunt: producthunt.com
social Linktree: linktr.ee
social Slack: slack.com
email Gmail: mail.google.com inbox.google.com
email Outlook: outlook.com outlook.live.com outlook.office.com outlook.office365.com hotmail.com mail.live.com
email Yahoo! Mail: mail.yahoo.com mail.yahoo.net
email Yahoo! Japan Mail: mail.yahoo.co.jp
email AOL Mail: mail.aol.com
email iCloud Mail: icloud.com
email Proton Mail: proton.me protonmail.com
email Tutanota: tuta.com tutanota.com
email Fastmail: fastmail.com fastmail.fm
email GMX: gmx.net
email Web.de: web.de
email Mail.com: mail.com
email T-Online: email.t-online.de
email Orange Webmail: webmail.orange.fr messagerie.orange.fr
email Mail.ru: mail.ru e.mail.ru
email Yandex Mail: mail.yandex.ru mail.yandex.com mail.ya.ru
email QQ Mail: mail.qq.com
email 163 Mail: mail.163.com
email 126 Mail: mail.126.com
email Sina Mail: mail.sina.com.cn
email Naver Mail: mail.naver.com
email Daum Mail: mail.daum.net
email Seznam Mail: email.seznam.cz
email Zoho Mail: mail.zoho.com
email Comcast: connect.xfinity.com mail.comcast.net
email Optus Zoo: webmail.optuszoo.com.au
email Libero: mail.libero.it
email Virgilio: mail.virgilio.it
email UOL: mail.uol.com.br email.uol.com.br
email Rambler: mail.rambler.ru
email Mailchimp: list-manage.com campaign-archive.com
chatbot ChatGPT: chatgpt.com chat.openai.com openai.com
chatbot Claude: claude.ai
chatbot Gemini: gemini.google.com bard.google.com
chatbot Copilot: copilot.microsoft.com copilot.com
chatbot Perplexity: perplexity.ai
chatbot DeepSeek: deepseek.com
chatbot Mistral: mistral.ai
chatbot Grok: grok.com x.ai
chatbot Meta AI: meta.ai
chatbot You.com: you.com
chatbot Phind: phind.com
chatbot Character.AI: character.ai
chatbot Poe: poe.com
chatbot Kimi: kimi.com moonshot.cn
chatbot Doubao: doubao.com
chatbot Qwen: qwen.ai tongyi.com
paid Google Ads: doubleclick.net googlesyndication.com googleadservices.com
paid Microsoft Advertising: bingads.com bingads.microsoft.com
paid Amazon Ads: amazon-adsystem.com
paid Criteo: criteo.com criteo.net
paid Taboola: taboola.com
paid Outbrain: outbrain.com
paid AppNexus: adnxs.com
paid The Trade Desk: adsrvr.org
paid PubMatic: pubmatic.com
paid Adform: adform.net
paid Plista: plista.com
paid Mixpo: mixpo.com
other Google: support.google.com developers.google.com maps.google.com accounts.google.com drive.google.com docs.google.com sites.google.com groups.google.com play.google.com code.google.com translate.google.com calendar.google.com classroom.google.com chrome.google.com news.google.com photos.google.com meet.google.com
other Yahoo!: finance.yahoo.com sports.yahoo.com news.yahoo.com answers.yahoo.com developer.yahoo.com groups.yahoo.com tw.news.yahoo.com help.yahoo.com
other Yandex: maps.yandex.ru news.yandex.ru market.yandex.ru disk.yandex.ru
other Microsoft: office.com sharepoint.com login.live.com onedrive.live.com account.live.com support.live.com
other Baidu: pan.baidu.com map.baidu.com
"""

ANDROID: Mapping[str, Source] = MappingProxyType(
    {
        "com.google.android.googlequicksearchbox": Source("search", "Google"),
        "com.google.android.gm": Source("email", "Gmail"),
        "com.microsoft.bing": Source("search", "Bing"),
        "com.duckduckgo.mobile.android": Source("search", "DuckDuckGo"),
        "com.microsoft.office.outlook": Source("email", "Outlook"),
        "com.yahoo.mobile.client.android.mail": Source("email", "Yahoo! Mail"),
        "ch.protonmail.android": Source("email", "Proton Mail"),
        "com.facebook.katana": Source("social", "Facebook"),
        "com.facebook.orca": Source("social", "Facebook"),
        "com.instagram.android": Source("social", "Instagram"),
        "com.twitter.android": Source("social", "X"),
        "com.linkedin.android": Source("social", "LinkedIn"),
        "com.reddit.frontpage": Source("social", "Reddit"),
        "com.pinterest": Source("social", "Pinterest"),
        "com.whatsapp": Source("social", "WhatsApp"),
        "com.slack": Source("social", "Slack"),
        "com.snapchat.android": Source("social", "Snapchat"),
        "com.zhiliaoapp.musically": Source("social", "TikTok"),
        "com.tencent.mm": Source("social", "WeChat"),
        "org.telegram.messenger": Source("social", "Telegram"),
        "com.openai.chatgpt": Source("chatbot", "ChatGPT"),
        "com.anthropic.claude": Source("chatbot", "Claude"),
    }
)
"""Apps by package, as `android-app://` names them."""


def _read(lines: str) -> dict[str, Source]:
    """Read lines of `medium name: domain …`."""
    found: dict[str, Source] = {}
    for line in lines.strip().splitlines():
        title, _, domains = line.rpartition(": ")
        medium, _, name = title.partition(" ")
        found.update(dict.fromkeys(domains.split(), Source(medium, name)))
    return found


BY_LABEL: Mapping[str, Source] = MappingProxyType(_read(_EVERYWHERE))
"""Places by the label before a national suffix."""

BY_DOMAIN: Mapping[str, Source] = MappingProxyType(_read(_ONE))
"""Places by domain; a longer one beats those it lies under."""
