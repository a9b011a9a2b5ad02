"""Page chrome: menus, share buttons and other navigation of web pages, page numbers, footers, tables of contents.

Every function takes one line that `lines.clean_line` returned and depends on nothing else. The patterns are
narrow, so that sentences of a report are not taken for chrome.
"""

from __future__ import annotations

import re

from searchkit.corpus.numbering import has_list_number

_MAX_CHROME_LENGTH = 160
"""Maximum length of a line of chrome, in code points; longer lines are text."""

# Labels of buttons and menus, in the order of the lines below: accessibility and search; site navigation; printing,
# downloads and feedback; sharing; QR codes; font size and colours; reading mode and loading.
_BUTTON_PHRASES = (
    r"进入(?:老年|适老|长者|关怀)模式|退出(?:老年|适老|长者|关怀)模式|(?:老年|适老|长者|关怀)模式|适老化|长者(?:助手|版)|无障碍(?:浏览|阅读|模式|辅助|版)?"
    r"|网站支持IPv6|支持IPv6|IPv6|繁体(?:版|中文)?|简体(?:版|中文)?|(?:English|ENGLISH|EN)(?![A-Za-z])|登录|注册|个人中心|我的收藏|智能(?:问答|客服|搜索)|站内搜索|请输入(?:搜索)?关键[词字]|高级搜索|热搜词?|搜索"
    r"|(?:网站|返回|回到|当前)?首页|网站地图|网站导航|网站声明|设为首页|加入收藏|收藏本[页站]|联系我们|关于我们|帮助信息|隐私(?:声明|政策)|使用帮助|法律声明|移动客户端|客户端|政务(?:微博|微信|新媒体)|官方(?:微博|微信)|微信公众号"
    r"|(?:本页|页面|我要|立即|直接|网页)?打印(?:本页|本文|本稿|此页|文章|页面|预览)?|关闭(?:本页|窗口|页面|此页)?|(?:返回|回到)?(?:顶部|上一页|列表)|返回|导出|(?:PDF)?下载(?:文字版|图片版|PDF|WORD|文本)?|收藏|纠错|我要纠错|内容纠错|点赞|朗读|语音(?:播报|朗读)|听全文|视力保护色?|护眼"
    r"|分享(?:到|至|给好友|本文|按钮|本页)?|一键分享|转发|微信(?:扫一扫|好友)?|朋友圈|新浪微博|腾讯微博|微博|QQ(?:空间|好友)?|人人网|豆瓣|复制(?:链接|网址|成功)?|更多|展开(?:全文|阅读)?|收起|阅读全文|点击(?:查看|下载|播放|展开)(?:全文|详情|附件|更多)?"
    r"|扫一扫在?手机(?:上)?(?:打开|浏览|查看|阅读)(?:当前|本)?页(?:面)?|(?:用)?手机(?:扫一扫)?(?:打开|浏览|查看|阅读)(?:当前|本)?页面?|扫一扫|扫描二维码|扫码(?:分享|阅读|查看)|手机版|电脑版|二维码"
    r"|字体(?:大小|颜色)?|字号|(?<![\u4e00-\u9fff])[大中小](?![\u4e00-\u9fff])|A[-+]|默认|背景(?:色|颜色)?|保护视力色|正文|相关(?:信息|文档|附件|链接)?下载"
    r"|展开阅读模式|阅读模式|加载中|正在加载|请稍候"
)
_BUTTON_TOKEN = re.compile(
    rf"(?P<phrase>{_BUTTON_PHRASES})|[\s\d|｜/\\>＞»›→<＜«‹·•●◆■□▪★☆*【】\[\]()（）:：,，、。.…\-—_+×✕✖↑↓←▲▼©®]+",
    re.IGNORECASE,
)
"""One label, or the digits, blanks and punctuation between labels. A line of buttons consists of such tokens."""

# Names of properties of a page, before a colon: identifiers and classification; dates and bodies; counters and persons;
# position in the site and font size.
_PROPERTY_NAMES = (
    r"索\s?引\s?号|文\s?号|发文字号|发文文号|(?:信息)?公开(?:方式|形式|类别|范围|属性|程序|时限|日期|主体|责任部门|选项)|(?:主题|信息|公文|体裁|文件|组配|所属|服务对象|内容|生命周期|公文)(?:分类|类别|名称|种类|类型|编号|索引)|主题词|关键[词字]"
    r"|(?:成文|发文|发布|印发|生成|生效|失效|废止|公布|公开|更新|添加|录入|创建|撰写|来文|产生)(?:日期|时间)|(?:发布|发文|制作|公开|信息|供稿|责任|成文|提供|编制|印发|来源)(?:单位|机构|机关|部门|主体|者|人)|(?:文章|信息|稿件|内容|新闻|消息|资料)?来源|有效性|是否有效|文件状态|实施日期"
    r"|(?:浏览|点击|访问|阅读|查看|点阅|浏览人|访问人)(?:次数|数|量|率)|浏览|点击|阅读|访问|(?:责任|网站|本文|本站)?编辑|责编|作者|撰稿(?:人)?|供稿|录入(?:员|人|者)?|审核(?:人|员|者)?|审稿(?:人)?|签发(?:人)?|校对|终审|初审|复审|信息员|摄影|日期|时间|发布日|名\s?称|标\s?题|信息标识|统一(?:登记|编)号|登记号"
    r"|当前位置|您(?:现在|当前)?(?:的|所在)?的?位置(?:是)?|所在位置|你的位置|现在位置|位置|字号|字体(?:大小)?|分享(?:到|至)?|(?:相关)?附件下载|信息公开目录"
)
_PROPERTY = re.compile(rf"[•·*●◆■\-\s【\[(（]*(?:{_PROPERTY_NAMES})\s?[】\])）]?\s?[:：]")
"""A property name and its colon at the start of a line: `【发布日期】：`."""
_PROPERTY_WITHOUT_COLON = re.compile(
    r"[•·*●◆■\-\s【\[(（]*(?:索\s?引\s?号|发布日期|成文日期|发布时间|信息来源|浏览次数|发文字号|发文机关|发布机构)[】\])）]?\s*\S{0,40}"
)
"""One of the most frequent property names and at most 40 characters without a blank: `索引号 LH331082-035`."""
_LEADING_DATE_TIME = re.compile(
    r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?: \d{1,2}[:：]\d{2}(?:[:：]\d{2})?)?[ |｜]+(?=\S)"
)
"""A date, with or without a time of day, before other properties: `2024-01-30 09:12 来源：…`."""
_SPACED_PROPERTY_NAME = re.compile(r"[\u4e00-\u9fff]{1,2}(?: [\u4e00-\u9fff]{1,2}){1,3} ?(?=[:：])")
"""A property name stretched with blanks to the width of other names: `文 号：`, `关 键 词：`."""
_TIMESTAMP = re.compile(r"(?:\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|)\s?\d{1,2}[:：]\d{2}(?:[:：]\d{2})?")
"""A time of day, with or without a date: `2024-01-30 09:12`, `09:12:30`."""
_BREADCRUMB = re.compile(
    r"[^<>＞»›→《。，,；]{1,31}(?:(?:>+(?!>)|＞+(?!＞)|[»›→])[^<>＞»›→。，,；]{0,42})+|>.*|(?:首页|主页)\s?[/|-]\s?[^。，]*"
)
"""Names with arrows between them (`首页 > 政务公开`), the rest of a broken path (`> 政务公开`), or 首页 before a slash,
`|` or a hyphen.

Adjacent parts of the pattern match disjoint characters. Otherwise a line of arrows could be split in exponentially many
ways, and the match would practically not end.
"""
_FOOTER = re.compile(
    r"(?:网站|本站|本网站|政府网站|平台)?(?:主办|承办|协办|主管|建设|运行|维护|运维|管理|制作|开发|技术支持|版权所有)(?:及?(?:维护|管理|技术支持))?(?:单位|方|部门)?\s?[:：]"
    r"|.{0,40}(?:ICP备|公网安备|网安备|网站标识码|版权所有|Copyright|All Rights Reserved|Powered by)"
    r"|(?:地址|邮编|邮政编码|传真|电子邮箱|E-?mail|违法和不良信息举报(?:电话)?|网站支持IPv6)\s?[:：]"
    r"|(?:建议|推荐|最佳)(?:您)?(?:使用|采用|浏览|分辨率).{0,40}(?:浏览|分辨率|IE|Chrome)|您访问的链接即将离开|您的浏览器(?:版本)?|(?:本站|本网站).{0,10}[Cc]ookies?|.{0,10}未启用\s?JavaScript",
    re.IGNORECASE,
)
"""The start of a line of a footer: `主办单位：`, `浙ICP备…`, `地址：`, `建议使用IE浏览器`, `您访问的链接即将离开`."""
_PAGE_NUMBER = re.compile(
    r"[-—–―－─·.~\s|]*\d{1,3}[-—–―－─·.~\s|]*|[-—–―－─]\s?\d{1,4}\s?[-—–―－─]"
    r"|[-—–―－─]*\s?第?\s?\d{1,4}\s?页\s?[,，/|共(（]*\s?(?:共?\s?\d{1,4}\s?页)?[)）]?\s?[-—–―－─]*|\d{1,4}\s?/\s?\d{1,4}\s?页?|page\s?\d+(?:\s?(?:of|/)\s?\d+)?|[—-]?\s?第[一二三四五六七八九十百]{1,5}页",
    re.IGNORECASE,
)
"""A page number that is a whole line: `1`, `- 2 -`, `第3页 共10页`, `4/10`, `page 5 of 10`, `—第六页`."""
_DOT_LEADER = re.compile(r"(?:[.．·…‥。]\s?){3,}[-—\s(（]*\d{1,4}[-—\s)）]*")
"""The dots and the page number of an entry of a table of contents: `……… 3`."""
_TAIL_START = re.compile(
    r"[【\[(（•*\s]*(?:相关(?:链接|附件|阅读|文章|新闻|信息|稿件|解读|内容|推荐|文档|资讯)|友情链接|重点链接|常用链接|推荐(?:阅读|文章|链接)|延伸阅读|热门(?:文章|信息|推荐)|最新(?:文章|信息|发布)|猜你喜欢|上一[篇条页]|下一[篇条页]|(?:全国|各|省|市|区县|中央|国家)[^。，]{0,10}(?:政府|部门)网站|网站导航|责任编辑|责编)(?:\s?[】\])）:：>＞]|\s|$)"
)
"""The start of a line of links, or of the name of the editor, after the report: `相关链接：`, `上一篇`,
`【责任编辑】`."""
_IMPRINT = re.compile(
    r"[（(【\[]\s?(?:此[件文](?:公开|主动公开|依申请公开|不公开|删减|内部)?[^。]{0,12}|全文完|完|结束|信息公开(?:形式|选项)[:：].{0,10}|(?:主动|依申请|不予)公开)\s?[)）】\]]|[（(]?联系(?:人|电话|方式)\s?[:：].{0,80}|抄送\s?[:：].*|抄报\s?[:：].*|主送\s?[:：].*|.{2,30}\d{4}年\d{1,2}月\d{1,2}日\s?印发"
)
"""A remark on distribution, printing or whom to ask: `（此件公开发布）`, `（全文完）`, `抄送：…`, `（联系人：…`,
`办公室2024年1月31日印发`."""


def is_buttons(line: str) -> bool:
    """Return whether a line consists of buttons and menu words only: `打印 关闭`, `字号：大 中 小`, `分享到:`.

    A line with a list number is a heading or an item: `（1）微信公众号`.
    """
    if not line or len(line) > _MAX_CHROME_LENGTH:
        return False
    offset, phrase_count = 0, 0
    while offset < len(line):
        token = _BUTTON_TOKEN.match(line, offset)
        if token is None:
            return False
        offset = token.end()
        phrase_count += token.lastgroup == "phrase"
    return phrase_count > 0 and not has_list_number(line)


def is_meta(line: str) -> bool:
    """Return whether a line states properties of the page, or only a time: `索引号: …`, `浏览次数：`, `09:12:30`."""
    if not line or len(line) > _MAX_CHROME_LENGTH or "。" in line:
        return False
    date = _LEADING_DATE_TIME.match(line)
    if date is not None:
        line = line[date.end() :]
    name = _SPACED_PROPERTY_NAME.match(line)
    if name is not None:
        line = f"{name[0].replace(' ', '')}{line[name.end() :]}"
    return bool(_PROPERTY.match(line) or _PROPERTY_WITHOUT_COLON.fullmatch(line) or _TIMESTAMP.fullmatch(line))


def is_breadcrumb(line: str) -> bool:
    """Return whether a line is a path through the site: `首页 > 政务公开 > 计划总结`."""
    return 0 < len(line) <= _MAX_CHROME_LENGTH and _BREADCRUMB.fullmatch(line) is not None


def is_footer(line: str) -> bool:
    """Return whether a line belongs to the footer of a site: its operator, licence numbers, browser hints."""
    return 0 < len(line) <= _MAX_CHROME_LENGTH and "。" not in line[:-1] and _FOOTER.match(line) is not None


def is_page_number(line: str) -> bool:
    """Return whether a line is a page number: `1`, `- 2 -`, `第3页 共10页`.

    Four digits alone are not a page number, because they may be a year.
    """
    return 0 < len(line) <= 24 and _PAGE_NUMBER.fullmatch(line) is not None  # noqa: PLR2004 - the longest form


def has_dot_leader(line: str) -> bool:
    """Return whether a line ends like an entry of a table of contents: `一、工作回顾……… 3`."""
    if len(line) > _MAX_CHROME_LENGTH or (not line[-1:].isdecimal() and line[-1:] not in "-—)）"):
        return False
    return any(match.end() == len(line) for match in _DOT_LEADER.finditer(line))


def starts_tail(line: str) -> bool:
    """Return whether a line begins the part of a page after the report: 相关链接, 上一篇, 责任编辑."""
    return 0 < len(line) <= _MAX_CHROME_LENGTH and _TAIL_START.match(line) is not None


def is_imprint(line: str) -> bool:
    """Return whether a line is the imprint (`_IMPRINT`): `（此件公开发布）`, `抄送：…`, `… 印发`."""
    return 0 < len(line) <= _MAX_CHROME_LENGTH and _IMPRINT.fullmatch(line) is not None


def is_chrome(line: str) -> bool:
    """Return whether a line is page chrome, other than a page number or the imprint."""
    return (
        bool(line)
        and len(line) <= _MAX_CHROME_LENGTH
        and (
            is_buttons(line)
            or is_meta(line)
            or is_breadcrumb(line)
            or is_footer(line)
            or has_dot_leader(line)
            or starts_tail(line)
        )
    )
