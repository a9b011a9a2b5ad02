"""Patterns for the words around numbers in Chinese reports: lead-ins, verbs, names, and the marks of a change.

All patterns match folded text (half-width punctuation). They describe the language, not single reports. Units and
fixed names are data files instead, because users may want to change them.

The text below many patterns states where the pattern is searched and then, after a colon, what a match means: “Before a
number: the number is a change” describes a pattern that is searched at the end of the text before a number, and that
matches if the number is a change.
"""

from __future__ import annotations

import re

from searchkit.measures.periods import TIME_EXPRESSION
from searchkit.text.years import ANY_YEAR

CLAUSE_MARKS = frozenset(",、:;()")
"""Marks before a clause or an item."""
_SMALL_NUMBER = r"[一二两三四五六七八九十\d]{1,3}"
"""A number of years, or the number of a month: 三, 十五, 20."""

# Verbs of increase and decrease, and the words that may occur between verb and number: 增长率为9.99%, 增加了约3件.
_INCREASE = (
    "(?<!自然)(?<!负)增长|递增|[调上]增|上[调浮]|增加|提高|提升|[上回攀跃飙]升|上涨|增幅|增速|[净激]增|"
    "(?<![新倍激])增|涨幅|涨|升|扩大|延长|提标|加?快|翻了?"
)
"""Verbs and nouns of increase. 自然增长 is part of a name, 负增长 a decrease, and 新增 no change."""
_DECREASE = (
    "负增长|递减|下降|净?减少|削减|降低|降幅|回落|[调下压]降|下[调浮滑]|缩短|压缩|压减|精简|精减|缩减|下跌|减幅|"
    "核减|裁减|砍掉|放[缓慢]|减[缓慢]|趋缓|收窄|降|减|跌|缩小|(?<![至最])少"
)
"""Verbs and nouns of decrease. 至少 and 最少 are bounds."""
_DEGREE = "(?:较?[大小]幅度?|明显|显著|略有?|稍有?|(?<!小)微|有所|急剧|迅速|快速|持续|稳步|逆势|进一步|[骤锐陡])"
"""Words that tell how fast something changes: 微 in 微降, but not in 小微."""
_VERB_NUMBER_GAP = (
    "[了要应将可也已都]|可以|预计|约|近|超过?|达到?|为|是|在|突破|不少于|不低于|不超过|至少|大约|将近|接近|逾|力争|控制在|"
    "保持在|[:\\s]"
)
CHANGE_VERB = re.compile(
    # A quick test of the first character
    r"(?=[同环较大小明显略稍微有急迅快持稳逆进骤锐陡增递提上升涨扩延加翻攀跃飙激负下减削降回缩压精跌少调净核裁砍放趋收])"
    rf"(?:[同环]比)?{_DEGREE}?"  # 同比增长, 小幅增长
    rf"(?P<verb>(?:(?P<increase>{_INCREASE})|(?P<decrease>{_DECREASE}))(?:率|幅度?|速度)?)"  # 增长, 增长率, 下降幅度
    rf"(?:{_VERB_NUMBER_GAP})*$"  # 增加了约
)
"""At the end of the text before a number: the number is a change. Groups: verb, increase, decrease."""
GROWTH_RATE = re.compile(
    r"(?P<verb>(?:(?P<increase>(?<!自然)增长|递增|增幅|增速|涨幅)|(?P<decrease>降幅|减幅))(?:率|幅度|速度)?)$"
)
"""At the end of the name of a percentage: the percentage is a change (经济增长速度 达到5%). Groups: verb, increase
and decrease, as in `CHANGE_VERB`."""
PREDICATE = re.compile(
    r"(?:\([^()]*\)的?)?[中里]?(?:已经?|都|均|全部|了)*(?P<verb>(?![和与由从]|(?:提高|提升|上升|下降|降低|减少|增加|扩大|降|升|增|减)[到至为])[^的、,;。:!?()\d](?:[^,;。:!?()\d]{1,19}|[^、,;。:!?()]{1,19}))(?=[,;。!?]|$)"
)
"""After a counted noun: what it does, up to the end of the clause (通了客车 in 98.1%的行政村通了客车)."""
KEPT_RATE = re.compile("[压精缩].*率")
"""A verb of change that names an aim, not a change since an earlier time (压缩率), and is therefore kept in the name.
Used to match a full verb."""
CHANGE_LEAD = re.compile("(?:带动|拉动|推动|促进|保持|超过)了?(?=..)")
"""At the start of the name of what changed: a verb that is not part of the name. Its object has changed (带动就业)."""
LEVEL_REACHED = re.compile(
    r"(?:[到至]|不变|稳定在|"  # 提高到, 保持不变, 稳定在
    r"(?:[升降少低加高小大落]|扩展|调整)为)$"  # 降低为, 调整为
)
"""At the end of the text before a number: the number is the level reached (增加到5件), not the change."""
SHORT_CHANGE_VERBS = frozenset(("快", "加快", "少", "升", "减", "涨"))
"""Verbs that mark a change only together with a baseline (比上年少3件), unless the number is a percentage (减20%)."""
BASELINE = re.compile(
    r"(?=[,\s同环比较与年平每在按])"  # a quick test of the first character
    r"(?:,\s*|(?<!\s)\s+)?(?:"
    r"比上?年?同期|[同环]比(?:上一?年度?|[去前]年)?(?:同期)?|"  # 比上年同期, 同比去年
    r"(?:比(?![例重率值])|较|与|同)(?:上一?年度?|[去前]年|上半年|上一?季度?|同期|往年|(?<!同)[年季期]初|"  # 较年初
    r"[一二三四五六七八九十〇○零\d]{2,4}年|"  # 较2021年末, 比二〇二一年
    r"[^,]{1,8}?(?:年|时?期|末|底|月))"  # 与改革初期相比
    r"(?:年?[末底初]|度(?!假)|同期|[相同环]?比(?![例重率值])较?|相较|的)*(?:基准?数)?|"  # 与上年同期相比
    r"在[^,]{1,12}?基[础数]上|"  # 在上年的基数上
    r"按(?:上年|去年|上一?年度)的?(?:实际|预算|决算)?(?:完成|执行|支出)?(?:数额?|水平)|"  # 按上年实际数额
    r"平均每年|每年平均|每年|(?P<yearly>年均|年平均)"  # 年均增长
    r")\s*"
)
"""The baseline that a change is measured against: 比上年, 与上年同期相比, but not 比重, nor 年初 in 同年初中毕业生."""
ADVERBS_OF_CHANGE = re.compile("(?:分别|实际|名义|[均又再都各将共还也已])*")
"""Words between a baseline and its verb: 分别 in 年均分别增长. Used to match a full text."""
GROWTH_AFTER_PERCENT = re.compile(r"的?(?P<name>[^,;。:!?、]{0,16})(?:增长|递增|增速|增幅)(?:速度|目标|率|幅度)?")
"""After a percentage: the percentage is a growth rate (的国内生产总值增长目标 in 8%的国内生产总值增长目标)."""

# Light verbs, which are not part of a name: 开展普法活动3次 counts 普法活动.
_LIGHT_VERBS = (
    "开展|进行|"
    "组织(?<![党会济团作层众际府治罪业益间务]组织)|"  # the verb, not the noun in 党组织 or 社会组织
    "举办|召开|举行|实施|发出|收到|形成|予以|给予|作出|做出|出具|下达|共有|实现|建成|完成|组建|新建|配备|"
    "拟定|印发|出台|引进|打造|创建|培育|储备|建立|设立|成立|拥有|具有|启动"
)
_LEADING_WORDS = (
    # Verbs that are part of a name elsewhere: 建设 in 项目建设
    "制定|建设|安排|投入(?!使用|运营|生产)|提供|发放|推进|落实|承接|涉及|包括|取得|获得|荣获|达成|签订|签约|争取|支持|推动|存在|需要|占用|利用|"
    # How well something is done: 扎实
    "严肃|严厉|严格|从严|妥善|规范|做好|抓好|做实|加快|强化|加强|扎实|全面|深入|大力|积极|稳步|着力|"
    # 重点 before a verb (重点推进), not in a name (重点企业)
    "重点(?!实验室|高校|学科|城市|人群|企业|项目|行业|领域|单位|工程|产业|区域|部位|场所|群体|对象|任务|工作|地区|人员)|"
    # More adverbs, words of reference (相关, 各类) and of addition (此外, 包含)
    "[抓建办用管]好|高质量|高水平|高起点|果断|优先(?!股)|强力|重点保|"
    "持续|不断|进一步|全力|统筹|巩固|有效|相关|各类|各种|"
    "各项|各级|有关|有序|如期|顺利|圆满|有力|超额|另外|此外|同时|特别是|尤其是|包含|参公|新创建认定|布局"
)
"""Verbs, and adverbs of praise, that are not part of a name if they begin it: 扎实 in 扎实推进普法活动."""
LIGHT_VERB = re.compile(f"(?:{_LIGHT_VERBS})[了过]?")
"""A light verb, possibly with 了 or 过. Searched anywhere in a text that contains a name."""
LIGHT_WORD = re.compile(f"{_LIGHT_VERBS}|{_LEADING_WORDS}")
"""A light verb, or one of the words that are dropped only at the beginning of a name. Used to match a full name."""
LEADING_LIGHT_WORD = re.compile(f"(?:{_LEADING_WORDS}|{_LIGHT_VERBS})[了过好]?|新建成")
"""A word of `_LIGHT_VERBS` or `_LEADING_WORDS`, possibly with 了, 过 or 好, or 新建成. Words of `_LEADING_WORDS` are
dropped only at the beginning of a name."""
COMPLETION_VERBS = frozenset(("建成", "完成", "实现", "新建", "引进", "打造", "创建", "培育"))
"""Light verbs before which a name can begin: the name in 农村新建住房 is all of it, not only 住房."""
ACTOR = re.compile(
    r"(?:部门|[局委办所队院厅区市县省镇乡村街]|中心|单位|机关|政府|机构|企业|人员|干部|群众|我们)$|"  # 市财政局
    r"[在对向与]"  # 在城区
)
"""In the text before a light verb: the text ends with an actor (市财政局) or contains a preposition (在城区).
Such a text is not part of the name."""
TRANSITIVE_VERB = re.compile(
    r"(?:调处化解|排查化解|立案查处|审查|办结|办理|受理|处理|查处|查办|查获|化解|调解|处置|处罚|约谈|接受|接待|发送|发布|公开|公示|"
    r"排查|整改|整治|培训|检查|巡查|抽查|检测|监测|抽检|评查|审核|审批|审结|调整|清理|修订|废止|新增|注册|登记|注销|变更|吊销|取缔|"
    r"关停|关闭|淘汰|下放|取消|减少|压减|改造|修缮|修建|解决|救助|资助|培养|选派|聘请|招聘|招录|引导|奖励|表彰|评选|认定|签约|落地|"
    r"开工|竣工|投产|完工|销毁|没收|收缴|追缴|追回|挽回|解答|答复|回复|转办|移送|移交|抓获|破获|侦破|起诉|批捕|起草|审理|执行|协办|"
    r"主办|承办|牵头|更新|升级|安装|购置|采购|投放|接种|诊疗|义诊|发动|出动|投入|筹集|筹措|拨付|下达|减免|返还|征集|收集|采纳|提出|"
    r"反馈|答疑|宣讲|宣传|张贴|悬挂|制作|印制|播放|推送|刊发|报送|上报)(?=.{2})"
)
"""A verb followed by its object, at the beginning of a name."""
BARE_VERB = re.compile(
    r"(?:受理|办理|查处|处理|处置|化解|调解|整改|审查|审核|查办|破获|清理|解决|办结|审结|结案|答复|回复|接待|发放|推广应用|安置|新开工|新竣工|新增供应|开工建设|建成投产|新?改扩建|投入使用)"
)
"""A name that is a verb without an object: 受理. The object is elsewhere in the text."""
ADDRESSEE = re.compile(
    rf"(?:[^,]{{0,8}}(?:向|给|对|针对|与|同|由|为))[^,]{{1,16}}?(?=(?!投入){TRANSITIVE_VERB.pattern})"
)
"""The addressee, before the verb of an act: 向经营单位 in 向经营单位发送提示函."""

LEAD_IN = re.compile(
    # A quick test of the first character. No alternative begins with any other character.
    r"(?=[\d\s(),:;—‘“”①-⑳、一七三上下与两为主九也了争二五仅今以但使例依先全八六共关其再减几分切到前力包十升半即压去又及发可合后向含和四回在均基增大完对将尤就已年并应延必总成我截扩把按据提攀数日明是显最有期未本根每比涉特现的目确积第等精累约给继缩而自至要认让跃达过近还这连通都针降预首因由逐努务计从相-])"
    # List numbers: 1. (一) 一、 一是
    r"(?:[①-⑳]|\d{1,2}[.、](?!\d)|\([一二三四五六七八九十\d]+\)|[一二三四五六七八九十]+[是要]?[、,]|第?[一二三四五六七八九十]+是|"
    # Times: 截至6月底, 自开展以来, 到年底, 今年以来, 去年底
    r"截[至止][^,]{0,12}?(?:底|末|目前|日|止|年[底末]?)|自[^,]{0,12}?以来|到[^,]{0,8}?(?:底|末|年[底末]?)|"
    r"全年(?!总)|年内|今年以?来?|去年[底末初]?|本年度?|一年来|现在|"
    # Conjunctions (为此), and any expression of time
    rf"为此|与此同时|在此期间|有望|还有|从?(?:{TIME_EXPRESSION.pattern})(?:起(?![步草点诉]))?|"
    r"[一二两三四五六七八九十\d]{1,2}年(?![级制期生内间来中以半多前左里]|义务|一贯|行动|计划|规划|攻坚|活动|提升|倍增)后?|"
    # Equality, and the level reached: 合计, 约, 提高到, 达到
    r"合计|即|是(?!否)|约(?![谈束定])|大约|仅|"
    r"(?:增加|增长|提高|提升|上升|攀升|跃升|回升|发展|扩大|扩展|扩张|延长|延伸|下降|降低|回落|减少|缩短|缩小|压缩|压减|精简|降|升|增)[到至]|"
    r"达到|达(?![成标产])|含(?![量税氧硫有])|相当于|"
    # Adverbs and modal verbs: 首先是, 例如, 必须
    r"首先是?|其次是?|主要[是有]|显然是?|例如|比如|但是?|而且|尤其是?|特别是?|因为|由于|而(?!且)|为了(?:实现)?|务使|[在到]?本世纪末|计划(?=安排|安置|完成|投资|建设|新建|投入|实施|改造|开工|新增)|按照?(?![揭时期劳需摩])|预期(?!寿命|目标)|逐步|有计划地|努力(?!程)|至今|仅仅|必须|应当|应该|可以|完全(?!中)|根?据(?!点)|提前(?=完成|实现|达到|[一二三四五六七八九十\d])|"
    r"基本上|大体上?|(?<=[取得看拿])到|也|都(?!市)|就(?!业|医|读|餐|诊|近)|"
    # The present and the parts of the year: 目前, 现有, 年初
    r"目前|现已|现有|现(?![场代行金实状象役])|日常(?=[对,])|年初|年末|年底|期间|"
    # Parts and totals: 其中, 分别为, 共有, 累计
    r"其中|包括|涉及|分别[是为]?|"
    r"共有|共计|共(?![享同产和青识治赢性商场服管安])|累计|总计|"
    # Aspect and adverbs: 已, 有, 还, 先后, 及时
    r"已经|已有|已|有(?![关限效机色])|并且|并(?![购网联轨])|"
    r"还(?![款贷田林草])|又|也|均(?![衡等价])|先后|及时|积极|认真|依法(?![行治执])|继续(?!教)|成功|切实|预计|力争|争取|确保|"
    r"将|要求|要(?![案闻素])|再(?!生)|再次|通过|按照|每年|每月|每季度|每日|"
    # The speaker: 我们, 我市, 全市, 本局
    r"我们|我[省市区县州局委厅国院会]|全[省市区县州局委国厅市]|本[省市区县局委厅]|"
    # Prepositions and conjunctions of one or two characters: 针对, 为, 在, 和
    r"针对|对于|关于|对(?![外口接])|向|给(?![予水])|为(?![民主农期])|在(?![线职岗校建押册编训])|把(?!关)|"
    r"使(?!用)|让|与|和(?![谐平解])|以及|及(?![时格])|等(?![级效])|的|了|"
    # Marks and blanks
    r"[、,;:\-—()”\s]+)"
)
"""A word before a name that is not part of the name. The lookaheads exclude words that begin with the same character:
含 but not 含量, 约 but not 约谈."""
TRAILING_WORD = re.compile(
    # A quick test of the first character
    r"(?=[双共\s\d折约人总累合达高为是有了近将接大超逾突均全分各仅只提增下降减扩上发缩压升至到保稳控维实不低力最开完进在的:“(\-—,、首每平以多少由从划对向给把跨越迈过攀跃回精延大小介等≥≤><摄华也已还就都要应必可能预确仍基计相又再年尽按±连现争拟一创中初考零普直站踏登安名才核设日月先修调更])"
    # The end of an earlier number, and totals: 5,000, 折合, 共计
    r"(?:(?<![公中])共|(?<=\s)-?\d[\d.,]*|(?:折合|约合)?人民币|折合|约合|共计|总计|累计|合计|"
    # Equality: 达到, 为, 是, 有
    r"达到|达成|高达|(?<![发抵传下表送到])达|(?<![行作成人认以])为|是|(?<![国公私所持没特占])有|了|"
    # Approximation: 约, 近, 超过
    r"(?<![签条合预公履制节集违邀解特契盟])约|(?<![附邻临])近|将近|接近|大约|超过|超|逾|突破|"
    # Distribution and restriction: 均, 分别, 仅
    r"(?<![日月])均|双双|全部|普遍|直接|先后|分别|各|仅|只有|只|大幅|"
    # A corrected value: 修订为
    r"(?:修订|修正|更正|核定|核实|核算|调整)为|"
    # The level reached: 提高到, 增至, 保持在
    r"(?:提高|提升|增加|增长|下降|降低|回落|减少|扩大|扩展|上升|攀升|跃升|回升|发展|扩张|延长|延伸|增至|缩短|缩小|缩减|压缩|压减|精简|增|升|降|减)[到至为]|"
    r"至|(?<![签报])到|保持在?|稳定在|控制在|维持在|实现|"
    # Bounds: 不少于, 大于等于, 最多
    r"不少于|不低于|不超过|不足|不到|低于|高于|[大小]于(?:或者?)?(?:等于)?|介于|等于|[至最]少|最多|力争|"
    # Verbs, 的, and marks: 开展, 在
    r"开展|(?<!未)完成|进行|(?<![存现潜所旨内])在|的|[:“(\-—,、\s≥≤><±]|"
    # Degrees, frequency and averages: 摄氏, 首次, 每年, 人均
    r"摄氏|华氏|[首再]次|每[年月人亩户]|[日月]?人均|"
    r"[日月]?平均|以上|多于|少于|(?<![网线规海陆水])上|"
    # The former level, and passing a mark: 由上年末的, 跨过, 过
    r"[由从][^,;。]{0,8}[年期前”][末底]?的?|跨过|跨越|越过|迈过|[迈跨站踏登]上|(?<![通经超度渡路错])过|"
    # Adverbs and modal verbs: 应该, 也, 已
    r"年[人户]?均|年平均|(?<![\d一二三四五六七八九十])年内|提前|进一步|稳步|已经|尽快|尽早|连续|按照?|只需|现有|(?<!其)中有|(?:确|核|设)定[为在]|创下|连跨|(?:初步)?考虑|(?:实现)?零的突破|不能|一般|不|争取|拟|应该|应当|必须|可以|能够|可能|(?<=[量值额])计划|仍然?安排|实际|名义|预计|预期|确保|仍然|基本上?|相当于|不少|[也已还就都要应可仍又再]|(?<![人贤天口英成专])才|"
    # Prepositions: 由, 将, 对
    r"(?<![足可予加给难得所])以|(?<![自理事缘])由|从|将|划分|分成|(?<![部成积充身处学得评扣满水养糖])分|"
    r"(?<![应绝反面派])对|(?<![方意导志走定双单流投])向|(?<![供补自])给|把)$"
)
"""One of the words between a name and its number, at the end of a text: 共计 in 受理案件共计5件. The lookbehinds
exclude words that end with the same character (公共, 合约)."""
ADVERBS = frozenset("也已还就都要应可仍又再不才")
"""Words of one character of `TRAILING_WORD` that often end a longer word (首都, 供应)."""
TRAILING_ENDS = frozenset(
    "双幅共计合达成高为是有了约近超过逾破均部别各仅只币到至持在现于足少多争展行的次年月人亩户上期”末底由从将分对向给把越:“(-—,、.0123456789≥≤><氏"
    "该当须以够能保然本经也已还就都要应可仍又再快早按照需续般取拟下跨虑不遍接前内步划排际义才定后± "
)
"""Last characters of a `TRAILING_WORD`, a quick test before the pattern."""
MAX_TRAILING_WORD_LENGTH = 13
"""Number of code points at the end of a text that are searched for a `TRAILING_WORD`, `TIME_AT_END` or `EACH_VERB`."""
TOTAL_WORD = re.compile(r"(?<![公中])(?:共计|总计|累计|合计|共)(?![享同产和青识治赢性商场服管安])")
"""A word for a total. The text before it is the actor, the text after it is the name: 全市共受理案件."""

PREDICATE_START = re.compile(
    # A unit (元/人) and a place or time: 之间
    r"(?:/|之[间内上下]|"
    # Verbs: 转变为, 投向, 进入, 获, 被, 为, 是
    r"(?:转变|认定|划转|改造|打造|[划列转变评定改])为|[投走]向|进入|进行|进一步|获|被(?![征监抚动])|为(?!民)|是|"
    # Scope and aspect: 均, 全部, 已
    r"均(?!衡)|全部|全覆盖|已|"
    # What the counted persons or things do, or what is done to them: 参加, 享受, 建成, 受到
    r"参加|参与|参训|参保|使用|享受|实现|列入|完成|投入|"
    r"开工|建成|达|通过|用于|安排(?!资金)|开展|纳入|落地|上市(?![公企后])|得到|受到|予以|给予|实行|"
    # Prepositions, conjunctions, negations and adverbs of one character: 于, 和, 比, 不, 未, 将
    r"于|和(?!谐)|与|及|以及|等(?!级)|到|至|比|"
    r"占(?!地)|不(?![同动良合锈])|未(?![成定来婚])|并|且|后(?![备勤])|时|内(?![资地贸设河陆])|外(?![资商来贸籍语国])|来|起|"
    r"都(?!市)|也|还(?!款)|将|可(?!再|复制|持续)|应(?![急用届对])|要(?![素点案])|仍|再(?!生)|又|就(?!业)|只|从(?!业)|由|向|对(?![外口])|"
    # Comparison and rank: 同比, 位居
    r"因|每|同比|环比|居(?![民住])|位居|排名|稳居|同意|进(?!出?口)|出(?![口租境])|在(?![建校职岗])|"
    # Bounds, states and changes: 左右, 脱贫, 大关, 增
    r"较|左右|以上|以下|脱贫|就业|"
    r"大关|关口|增(?!值)|提|下(?![岗属辖])|减|降|上(?![访级市])|缩|扩|"
    # Marks
    r"[,;。:!?、()”\]》])"
)
"""At the start of the text after a number: the text is a predicate (646家使用该系统), not the name of what is counted.
The lookaheads exclude nouns that begin with the same character (和谐, 都市)."""
NAME_END = re.compile(
    # A quick test of the first character
    r"(?=[有力方没未以能可必—中之里一率首相先和及与尽荣转认划改打成作列变评定位现正投走进开实完通参持提责移获被均全已达建竣用纳得受予给都是同比较增下减试启加推落签上脱退为并在向使的(\[,;。:!?依按根占今明去])"
    # Verbs: 荣获, 认定为, 投向, 开展, 参加, 被
    r"(?:荣获|[今明去]年|(?<!乱)占(?![地用比补])|没有|按照?(?![揭摩期时])|根据|有一半|依法|未能|以外|能够|可以|必须|——|[中里]的|之一|"
    r"[和及与](?=\d)|和占|和我[省市区县]|尽[早快]|的(?:不完全|初步)?(?:统计|调查|基础(?!设施|教育|工业|研究|产业|科学|数据|养老|性)|前提|情况下|同时|过程)|一次性|率先|首次|相继|先后|(?:转变|认定|划转|改造|打造|[成作划列转变评定改])为|位于|现在|正[在以]|[投走]向|"
    r"进行|开展|实现|实行|实施|完成|作为|力争|方面(?!的)|通过|参加|参与|持续|提供|责令|移交|获|被|"
    # Scope, aspect and completion: 均, 已, 建成
    r"均|全部|已|达到|(?<![发通到])达(?!峰)|全面|(?<!集中)(?:建成|开工|投产|竣工)(?!项目|工程|企业)|投入|用于|"
    r"纳入|列入|得到|受到|予以|给予|都(?!市)|是(?!否)|"
    # Comparisons and changes: 同比, 增长, 提高
    r"同比|比上|较上|增长|增加(?!值)|(?:提高|提升)(?!工程|行动|计划|项目|重点|任务|[县区])|下降|减少|"
    # Events and states: 试点, 落地, 脱贫
    r"试点(?!$|[和与]|任务|项目|县|城?市|地区|单位|企业|村|工作|改革|建设|省)|启动(?!资金|区)|加快|(?<!整.)推进|落地|(?<!集中)签约|上市(?![公后企])|(?<!摆)脱贫|退出|"
    # Words of one character, 的 near the end, and marks
    r"为|并|"
    r"在|向|使|的(?=[^,]{0,6}$)|[(\[,;。:!?])"
)
"""The first word after a name that follows a number: 获 in 11个专业获省级奖励, where the name is 专业."""
GENERIC_NAME = re.compile(
    # Amounts: 总面积, 产值
    r"总?(?:产值|产量|面积|里程|亏损|收入|利润|价值|销售额|营业额)|总产|增加值|总?投资|建设面积|(?:通车|新增)里程|新增面积|用户|直接经济损失|"
    # A general noun, with a word before it: 项目, 培训人数
    r"(?!经济总量).{0,2}(?:任务|人员|人数|人次|专业|事项|小组|项目|资金|问题|对象|单位|面积|总量|总数|户数|次数|数量)|"
    # An act: 检查, 大培训
    r".?(?:检查|巡查|整改|处罚|罚款|培训|经费|补贴)"
)
"""A name that is unclear without its context. Used to match a full name."""
NEEDS_CONTEXT = re.compile(
    r"人口|总?(?:产值|产量|面积|里程|收入|利润|价值|销售额|营业额|产|数|量|额|规模|数量|金额|余额|人数|户数)|"
    r"增加值|单产|亩产|均价|总?投资|安排|"
    r"(?:补助|补贴|保障|筹资|征收|缴费|发放)?(?:水平|标准)|(?:当年)?新[增建设开登][记办立户]?|净增|增产|减产|增收|减收|开工|竣工|通车|建成|投产"
)
"""A name that is unclear without the subject of its sentence, which can be in an earlier clause. Used to match a full
name."""
MEASURE_NOUN = re.compile("(?:[总产]量|总额|总值|产值|收入|支出|增加值|[率值额]|面积|投资|人口|比重|指数)$")
"""The end of a clause that is the subject of the next one: 邮电业务总量,保持了14%的增长."""
TOTAL_OF_LAST = re.compile(r"(?:通车|运营|营运|营业|开通)?总(?:里程|量|数|面积|规模|户数|装机(?:容量)?|容量)")
"""The name of the total of the things just counted: 总里程 in 新增高速公路655公里,总里程达9000公里. Used to match a
full name."""
NEWLY_COUNTED = re.compile(
    r"^(?:净新?增|新增加?|新建成?|新开通|新通车|新改扩?建|建成(?:通车)?|(?:当年|全年|今年)新[增建])|(?:[一二三四五]年)?(?:新增|净增|新建)$"
)
"""Words of an addition at the beginning or end of the name of what was counted."""
LENGTH_NOUN = re.compile("(?:通车|运营|营运|营业)?里程$")
"""A word for a length at the end of the name of what was counted. It is left out where the name is the context of a
total: after 新增高速公路通车里程, 总里程 is named 高速公路 总里程."""
COMPARED_WITH_OTHERS = re.compile("(?:[高低快慢]于|高出|超过)[^,]{1,12}(?:增[速幅长]|平均|水平|速度)[^,]{0,4}$")
"""Before a number: the number compares with another place and is not a change (高于全国增幅2个百分点)."""
_SPENDING = (
    "发放|拨付|拨出|拨款|拿出|出资|兑现|支付|落实|安排|投入|筹集|筹措|争取|下达|减免|返还|给予|提供|"
    "开展|进行|组织|实施|举办"
)
"""Verbs of spending and of acts."""
SPENDING_VERB = re.compile(_SPENDING)
"""Before a name: the name does not refer to the subject of the sentence (发放补贴)."""
ENDS_IN_SPENDING = re.compile(f"(?:{_SPENDING})[了过]?$")
"""Before an amount: what it is spent on may follow."""
NEEDS_SUBJECT = re.compile(
    # Amounts and prices: 总额, 合同金额, 单价
    r".{0,2}(?:总量|总数|总额|总值|总产|规模|数量|金额|余额|产量|单产|亩产|均价|单价|比例|幅度|增速|增幅|标准|人数|面积|里程|任务)|台阶|总?产值|"
    # Changes: 增收, 又新增
    r"(?:再|又|相继|分别|平?均|同比|每年|比上年|净|新|一律)*"
    r"(?:[多少][收支产销交缴]|递增|递减|提升|增长|增加|新增|净增|增产|减产|增收|减收|超收|超出|高|低|多|少|可|达|占|突破|跃|跨|"
    # What is done with the thing: 惠及, 开工, 补助
    r"受益|惠及|涉及|覆盖|完工|竣工|通车|开工|建成|投产|达产|达标|在建|续建|新建|改建|扩建|投入|争取|完成|出栏|资助|补助|奖励|保额|贴息|"
    # A group or level: 农村, 小学, 省级
    r"城镇|城市|农村|城乡|居民|农民|职工|小学|初中|高中|中学|大学|一级|二级|三级|省级|市级|县级|国家级|男|女)|"
    # Per unit: 每亩
    r"[/每].{1,3}|[人户亩]均"
)
"""A name that has no meaning without the thing that it belongs to. Used to match a full name."""
RATE_SUFFIX = re.compile(r"(?:率|比例|比重|占比|满意度|贡献度)$")
"""The end of the name of a rate: 合格率."""
DEPENDENT_RATE = re.compile(
    # 办结率, 案件办结率, 及时答复率
    r"(?:任务|案件|按期|按时|及时|总体|群众)?"
    r"(?:覆盖|完成|开工|竣工|建成|履约|投产|办结|合格|达标|参[合保]|结案|化解|满意|使用|入住|入户|治理|发放|执行|处[置理]|[回答]复|"
    r"办理|整改|公开|检出|成功|普及|抽检|受理|调解|审结|维持|[胜败]诉|纠错)率|"
    r"占比|比重|比例|满意度"
)
"""The name of a rate that is unclear without its object. Used to match a full name."""
GENERIC_HEADING = re.compile(r"(?:成效|举措|措施|情况|回顾|总结|概况|打算|安排|做法|亮点|特点|成绩|目标|任务)$")
"""The end of a heading that names no subject: 主要做法."""
UNIT_REMARK = re.compile(r"\([^()]{1,2}\)|级(?=..)")
"""After a number: an alternative unit or 级, which is not part of the name (25万人(次), 108条(段), 110兆瓦级燃机)."""
FIRST_ITEM = re.compile("(?![有具可])[^和]{4,}(?=和[^和]{2,3}等?$)")
"""The first name of a list, before 和 and a short name: 经济开发区 in 经济开发区和温州."""
LIMIT_LEAD = re.compile(r"(?:[^,;。:、()\d]{0,8}(?:超过?|突破|达到?|不足))?$")
"""Between two numbers: the second one describes the things that the first one counts (8条500千伏线路 counts 线路)."""
HALF_WORD = re.compile("[和及与][^和及与]$")
"""Directly before 、 in the text after a number: the name continues after the mark (农户和归、难侨)."""
NAME_TAIL = re.compile(
    "(?:[后时中]|[以之]外|首批|广泛|预计|基本|免费|继续|按期|按时|及时|作为|积极|共同|扎实|稳步|陆续|如期)$"
)
"""A word at the end of a name after a number that is not part of the name: 首批 in 250个乡镇首批实施."""
LISTED_ADJECTIVES = re.compile(
    r"(?:[可有具能][^,;。:、()\d]{1,9}|[^,;。:、()\d]{1,9}[强高大好快优多美新深足低聚])"
    r"(?:、[^,;。:、()\d]{2,12})+?的(?P<noun>[^,;。:、()\d]{2,20})(?=[,;。:)]|$)"
)
"""After a number: adjectives before the noun (可复制、高质量的示范工程)."""
RANK = re.compile("(?:国家|省|市|县|自治区|省部|地市)级|国[际内](?:先进|领先)")
"""A name after a number that lacks its noun, which the next item of the list has: 4个国家级、21个省级示范基地."""
PLACE_NOUNS = frozenset("县乡村镇市省国州旗盟")
"""Names of one character: 44个县."""
LIST_VERB = re.compile("[得获夺评选办增设建立购赠派]了?$")
"""The end of a verb that the items of a list share (夺得2枚金牌、3枚银牌)."""
LEVEL_VERB = re.compile("(?:达到?|为|是|突破)[了约近]?$")
"""Directly before a number: the name is before the verb, if the text after the number is taken for a name only because
its unit is unknown (印张 in 出版总量达到456亿印张)."""
DECISION = re.compile("(?:决定|要求|准备|打算)$")
"""Before a verb of change: what changes follows the number (省里决定增加1500万元投资)."""
HARVEST_CHANGE = re.compile("[增减][产收]")
"""The name of a change: 增产, 减收. What changes is the thing that was named last, even if another thing is the subject
of the sentence. Used to match a full name."""
SELECTION = re.compile("有$")
"""Before a number and a predicate: the number counts some of the things named before (33个项目,有10个已建成)."""
RELATIVE_CLAUSE = re.compile("的[将就共已]*有[约近]?$")
"""Before a number without a name after it: the number counts some of the things that were named before, those that the
clause describes (694个单位,在内地的有472个)."""
REPEATED_TOTAL = re.compile("共|现有|总[数计]")
"""Before a number without a name: the number counts all of the subject, not only what the last number counts
(共有22所)."""
SHARED_HEAD = re.compile(
    r"(?:占[^、]{1,20}比[重例]|排放总?量|毛入[学园]率|城镇化率|失业率|转化率|利用率|参保人数|招生人数|人数|人均[^、]{0,6}收入|可支配收入|纯收入|销售收入|(?:主营业务|营业)收入|收入|增加值|产值|覆盖率|普及率|入学率|合格率|完成率|处理率|参保率|[^、,的]{2}率|里程|面积|产量|总量|投资|标准|"
    r"总额|余额|支出|比重|税收|利润|价格)$"
)
"""The end of the last of several names. It may belong to all of the names: 养老保险、失业保险参保人数."""
COMPLETE_NAME = re.compile("(?:[额数]|人次|资金|外资|投资|资产|负债|存款|贷款|总值|GDP|出口|进口|寿命|税收?)$")
"""The end of a name that needs no `SHARED_HEAD` of the last name: 净资产 in 净资产和利润总额."""
CAMPAIGN = re.compile("专项|领域|行动|整治")
"""Words of a campaign: 专项整治. A count within a campaign is not the count of the year."""
FINE = re.compile("罚没款|罚款|罚金|没收违法所得")
"""The name of a fine. Used to match a full name."""
CASE_SUFFIX = re.compile("(?:案|案件|立案|处罚|查处|办结)$")
"""The end of a name of cases. After such a name, the name of a fine needs no context. After any other name, that
name is the context of the fine."""
BREAKDOWN_END = re.compile("累计|总[数计量额]|合计|年均|由|[到至]$")
"""Before a number: the number is a new total, not part of the preceding one: 累计 in 受理9件, 累计受理80件."""
LEVEL_NOUN = re.compile(
    "水平|速度|规模|幅度|比例|比重|[百千万亿]*[元吨斤]?(?:大关|台阶)|(?:历史)?新(?:[纪记]录|高)|基础上?|(?:奋斗|预期|年度|发展)?目标|要求"
)
"""A noun after a number that repeats what the text before the number names: 人均收入达到500元的水平. Used to match a
full name."""
AIM = re.compile("(?:任务|目标|要求)(?!.{0,2}[县区村])")
"""After a number and 的: a noun for a quantity to be reached, not what is counted (造地10万亩的任务)."""
AVERAGE = re.compile("(?:每[人户亩]平均|[日月]?[人户亩]均)$")
"""Before a number without a name: the number is the average of the quantity before it (储蓄余额8亿元,人均3712元)."""
LIMIT_NAME = re.compile(r"[超过].{1,8}元$")
"""The name of things that is only a limit: 过50亿元 in 过50亿元的12家."""
OWNER = re.compile("(?:(?:我|全)[国省市区县]|以[后来前]的)$")
"""Before a number that a name follows: the text says whose the counted things are (我国六万万人民). It is not part of
their name."""
SHARE_OF = re.compile("[中里](?:所占)?的?(?:比重|份额|比例)$")
"""The end of the name of a share that lacks what it is a share of: 工业总产值中的比重."""
NESTED_QUANTITY = re.compile(
    r"(?P<headless>(?:以[上下内])?的[就共已只仅约]*有?$)|"  # 年产煤100万吨以上的就有31个
    r"[^,;。:、]+中所?占?的?(?:比重|份额)|"  # 年收入500万元以上的企业增加值中所占的比重为5%
    r"[^,;。:、的]{1,6}以[上下]的[^,;。:、]{2,}|"  # 十个职工以上的企业有5户
    rf"(?=[^,;。:、]*的[^,;。:、的]{{2,8}}$){PREDICATE_START.pattern}"  # 用于安排600万人就业的支出5亿元
)
"""The text between two numbers: the first one is part of the name of the second. The group headless matches if the
text has no noun for what the second number counts."""
REACHED = re.compile("(?:达到|实现)了?")
"""Before a `LEVEL_NOUN`: the name is after the verb (达到人均收入500元的水平)."""
COMPARED_LEVEL = re.compile("(?:已经?|将|又|就)?只?(?:不低于|不高于|不超过|相当于|达到|等于|超过)(?=.)")
"""Before a multiple of another level: 甲产量达到乙产量的2倍. What follows is not part of the name."""
_TIME_IN_NAME = (
    rf"(?:[在从]|(?<!等)于)?(?:(?<!\d){ANY_YEAR}\s*年[到至])?(?:(?<!\d){ANY_YEAR}\s*年(?:[底末初]|度)?|(?<!以)上年度?[底末]?|[今去明当]年(?!轻)|{_SMALL_NUMBER}年[内间])"
    rf"(?:{_SMALL_NUMBER}月[份底末]?(?:[到至]{_SMALL_NUMBER}月[份底末]?)?)?(?!起)的?"
)
TIME_IN_NAME = re.compile(_TIME_IN_NAME)
"""A time within a name: 今年 in 成人高等教育今年招生."""
TIME_AT_END = re.compile(rf"(?:{_TIME_IN_NAME}|(?<![每第\d])(?:连续|提前|[近前]|过去)?{_SMALL_NUMBER}年)$")
"""A time at the end of a name."""
PURPOSE = re.compile(
    ",?(?:的?(?:专项|财政)?(?:资金|经费))?(?:主要|重点|全部|专项)?(?:用于|用来|(?=支持|扶持|补助|解决|改善|实施))"
)
"""After an amount: what it is spent on follows."""
SURVEY = re.compile(r"\W*根?据[^,]*$")
"""Before a number: the clause tells the source of what follows (据12个省的统计)."""
ADVERBIAL_NUMBER = re.compile(r"\W*[在对按从]")
"""At the start of the text before a vague number: the number and its noun name no subject (在三种地区). A vague number
is a small Chinese numeral with a unit that often counts nothing: 三种, 一起."""
ADVERBIAL_CLAUSE = re.compile(
    r"\W*(?:(?:根?据|按照?)[^,]*(?:统计|调查|测算|分析|计算|了解|推算|估算|口径)|在(?![校职岗建线])(?!.*(?:比重|份额|比例)$).*|就.*(?:来说|而言|来讲|来看|看)|从.*[到看].*|除.*外|(?:如果)?[同与].*(?:相比|比较|相较)|[从到由自当](?![地事]).*[上下中内里间时后前起]|经过?.*努力|"
    r"截[至止].*|包括.*|目前|其中|此外|同时|另外|因此|但是?)$"
)
"""A clause that names no subject: 据统计, 在此基础上, 包括个体户."""
ASPECT_CLAUSE = re.compile(r"\W*在(.{2,}?)方面$")
"""A clause that names the subject of what follows: 在工业总产值方面. Group 1 is the subject."""
SUBJECT_END = re.compile(
    "[跨迈站登]上|跻身|增加(?!值)|扩大|上升|(?<![的和])(?:迅速|快速|加速|较快|持续|稳步|不断|进一步|明显|显著|大幅|全面|逐步|蓬勃|继续|稳定|健康)|"
    "比较|作为|进行了|提高|增强|改善|发展加快|加快|优化|增幅|显示|呈现|成为|保持|实现|得到|取得|再创|创历?史?新|创历史|整体|(?<!以)从|(?<![存现潜所旨内])在(?![校职岗建])|的情况|"
    "已经?|正在|发展(?!区|银行|基金|规划|中心|局|委)[迅较势]|又有|有了|[是被由](?!于)"
)
"""The first word after the subject of a clause: 显示 in 第三产业显示出较强的后劲."""
PRONOUN = re.compile("(?:它们?|这[个项]|其(?![他中余]))的?(?=..)")
"""A pronoun at the start of a name: its subject is in an earlier clause (它的产值)."""
EMPTY_NAME = re.compile(
    r"[一二两三四五六七八九十]|初步(?:核算|统计)|全?[国省]?平均水平|按?(?:可比|同|不变)(?:口径|价格?)(?:计算)?|第?[一二三四]季度|[上下]半年|只占|双双|成为|(?:精简|调整|合并|改革)后|计划|预计|提前|一律|努力|前|年|/.{1,2}|[\d一二三四五六七八九十]+年|比(?![例重率值]).*|年?平?均|同口径|实际|同期|又|再|[多少]"
)
"""A name without meaning: 2023年, 比上年, 同期. Used to match a full name."""
BREAKDOWN_START = re.compile(r"其中|包括|包含|分别为|分别是")
"""After a total: its parts follow."""
ENDS_IN_CONJUNCTION = re.compile(r"(?:[和与、]|以?(?<![惠普涉触波危遍])及|或者?)\s*$")
"""Before a number: the number is a further item, and the text before it is not its name: 城区和5个县."""
NAME_SEPARATOR = re.compile(r"以及|、|和(?!谐)|及(?![时格其])|与(?!会)")
"""Between several names that share a number, or that have one number each after the last name."""
AMOUNT_SUFFIX = re.compile("(?:总[值额量]|收入|支出|投资|余额|产值|增加值|进出口|出口|里程|面积)$")
"""The end of the name of an amount, several of which can share a number: 地区生产总值、财政收入均突破2万亿元."""
MEAN_START = re.compile("[日月年人户]均|平均")
"""The start of the name of a mean. A mean is not part of the total after it: 日均新设849户, 总量突破200万户."""
OWNED_AMOUNT = re.compile("(?:营业|销售|经营|主营业务)?总?(?:收入|支出)|[^、]{0,2}(?:总额|余额)|投资|产值|增加值")
"""The name of an amount that needs its owner: 营业收入 after 甲集团资产总额. Used to match a full name."""
EACH_VERB = re.compile("(?:分别|双双|(?<![人平年户亩])均)(?:已?突破|超过?|达到?|过|迈[上过]|跨[上越过])[了]?$")
"""Before a number: the number applies to each of the names before it (均突破)."""
ITEM_SEPARATOR = re.compile("、")
"""A separator that stands between names, but not in them (软件和信息技术服务业、互联网及相关服务业)."""
DISTRIBUTIVE = re.compile("分别|双双|(?<![人平年户亩])均|各(?![类种项级])")
"""Between several names and the verb that applies to each of them: 分别 in 甲县、乙县分别完成3亿元、5亿元."""

# Evidence for or against a vague number counting something: a small Chinese numeral with an everyday unit (三种, 一起).
REPEATED_ACT = re.compile(
    r"较?大?幅度?|上调|下调|提高|降低|召开|赴|到|深入|开展|组织|举[办行]|派|发布|修订|调整|荣?获|入选|蝉联|参加"
)
"""After 三次: the act that was repeated."""
PAGE_COUNTER = re.compile("(?:浏览|点击|阅读|访问)(?:次数|数|量)?")
"""The name of a counter of the web page, not of the report. Used to match a full name."""
IDIOM = re.compile(
    r"一起(?:来(?![自源])|(?![^,;。:!?]{0,16}(?:案|事故|事件|投诉|举报|纠纷|[火灾]灾|信访|问题|诉讼|复议)))|一盘棋|一颗[^,;。:!?]{0,6}心|(?<=成)一片|(?<=的)一[年页员]"
)
"""A number and its unit that count nothing: 和群众站在一起, 一起来, 打成一片, 最好的一年. 一起 before what it counts
is excluded: 一起投诉, 一起来自外地的投诉."""
NEGATION = re.compile("(?:没有|未|无|不曾)(?:有|发生|出现|收到|接到|产生|发现|新增)?$")
"""Directly before a quantity of one, such as 一起: the clause states that there was none (没有发生一起)."""
INDEFINITE_UNITS = frozenset("批种类点步级代头盘块股把番面手口关环层角条")
"""Units with which 一 means "some" instead of one: 一批."""
COUNTED_UNITS = frozenset(
    ("件", "人", "名", "家", "户", "次", "场", "份", "处", "座", "所", "台", "台套", "轮", "篇", "幅")
)
"""Everyday units that count things after an act, or after a name of two characters (立案两件)."""
COUNTED_ACT = re.compile(
    r"(?:立案|结案|办案|破案|处分|罚款|处罚|受理|办理|办结|审结|查处|查办|查获|移送|移交|逮捕|批捕|拘留|起诉|判决|问责|追责|约谈|谈话|通报|诫勉|警告|"
    r"检查|巡查|抽查|核查|督查|督办|整改|关停|取缔|吊销|注销|撤销|没收|查封|扣押|维持|驳回|终止|应诉|败诉|胜诉|纠错|听证|调解|化解|接待|接访|"
    r"投诉|举报|培训|演练|宣讲|修订|废止|审查|审核|审批|登记|答复|公开|论证|咨询|破获|抓获|捣毁|责令|招录|招聘|录用|聘用|晋升|表彰|救助|资助|"
    r"出庭|开庭|死亡|受伤|伤亡|失踪|获救|处置|处理|死|伤|亡)了?$"
)
"""At the end of the text before a number: an act of the administration, which is counted (处分一人)."""
COUNTED_TOTAL = re.compile(r"(?:[共计仅达]|共有|只有|[死伤亡])$")
"""At the end of the text before a number without a name: the number counts what is named elsewhere (共两件)."""
SERIAL_NOUN = re.compile(r"(?:班|会|培训|讲座|简报|专栏|活动|刊|课|节目|论坛|沙龙|报|比赛)$")
"""The end of a name that 期 counts (培训班四期). After any other name, 二期 is an ordinal."""
COUNTING_VERB = re.compile(
    r"(?:新增|新建|建成|建立|设立|成立|召开|举办|举行|开展|完成|获得?|荣获|配备|聘[请用]|增设|组建|创办|修建|培育|创建|印发|制定|出台|"
    r"增加|共|设有?|有|计|了|为|达|拥有|:|近|约)$"
)
"""At the end of the text before a vague number: the number counts something (新建三座桥梁, 共三座)."""
ABSTRACT_NOUN = re.compile(
    r"[^,;。]{0,6}?(?:方面|问题|阶段|原则|关系|环节|重点|条件|要求|特点|层次|大局|目标|任务|转变|体系|文明|时期|意义|因素|原因|矛盾|步骤|"
    r"方向|途径|方针|政策|概念|战略|地方|时候|过程|局面|飞跃|台阶|新|重要|重大|好|更|大|伟大|系列|整体|共同|基本|统一|崭新|强大|关键|"
    r"特殊|社会主义|现代化|历史|根本|转折|突破|目的|标准|中心|角度|侧面|认识|观念|意识|样|月|省区|民族|人民|国家|世界|人|革命|生产)"
)
"""After a number: a noun that reports enumerate without counting anything (三个方面)."""
