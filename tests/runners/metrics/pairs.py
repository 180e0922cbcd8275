"""Answers and references on which a metric is held against its reference implementation."""

import random

WORDS = (
    *("the", "The", "a", "cat", "cats", "running", "ran", "national", "nationally", "don't"),
    *("3.5%", "1,000", "GPT-4", "e.g.", "U.S.", "snake_case", "café", "cafe\u0301", "naïve", "ÉTÉ"),
    *(
        "straße",
        "İstanbul",
        "ﬁne",
        "ＡＢＣ",
        "１２",
        "天气",
        "很好。",
        "今日は",
        "コーヒー",
        "日本語、",
    ),
    *(
        "हिन्दी",
        "ภาษาไทย",
        "한국어",
        "привет,",
        "العربية",
        "«yes»",
        "—",
        "…",
        "😀",
        "❤️",
        "\u200b",
        "½",
    ),
)

# The answer and the reference.
NASTY = (
    ("", "the cat sat"),
    (" \n\t", "the cat sat"),
    ("the cat sat", "the cat sat"),
    ("THE CAT, SAT!", "the cat sat"),
    ("cat " * 400, "cat"),
    ("cat", "cat " * 400),
    ("x", "x y"),
    ("a_b_c d", "a b c d"),
    ("running runs ran easily", "run running ran easy"),
    ("skies dying news proceed", "sky die new proceeded"),
    ("yyyyyyyyyyyyyyyyyyyyyyyyyyyyying", "yyyyyyyyyyyyyyyyyyyyyyyyyyyyy"),
    ("don't U.S. 3.5 e.g.", "dont US 35 eg"),
    ("cafe\u0301 naïve straße", "café naive strasse"),
    ("İstanbul ﬁne ＡＢＣ １２", "istanbul fine abc 12"),
    ("今天天气很好。", "今天天气很好"),
    ("今日は、良い天気です。", "今日は良い天気です"),
    ("हिन्दी ภาษาไทย 한국어", "हिन्दी ภาษาไทย 한국어 x"),
    ("😀 ❤️ \u200b the", "the 😀"),
    ("\u0000 null \ud800 cat", "null cat"),
    ("a" * 5000 + " end", "b" * 5000 + " end"),
)


def random_pairs(count: int, *, seed: int) -> list[tuple[str, str]]:
    """Answers that lose, change and add words of their reference, in mixed scripts."""
    rng = random.Random(seed)
    pairs = []
    for _ in range(count):
        wanted = rng.choices(WORDS, k=rng.randint(1, 14))
        given = [word for word in wanted if rng.random() < 0.75]
        given += rng.choices(WORDS, k=rng.randint(0, 4))
        if rng.random() < 0.3:
            rng.shuffle(given)
        pairs.append((rng.choice((" ", "  ", "\n")).join(given), " ".join(wanted)))
    return pairs


# Made up: the answer, the reference, and F1 by MLQA's script (mlqa_evaluation_v1.py, language zh).
CHINESE = (
    ("今天天气很好，我们去公园。", "今天天气很好，我们去公园吧。", 22 / 23),
    ("北京是中国的首都。", "中国的首都是北京。", 1),
    ("答案是：1998年。", "1998年", 4 / 7),
    ("《红楼梦》的作者是曹雪芹。", "曹雪芹", 6 / 13),
    ("他在2012年获得了“诺贝尔文学奖”！", "2012年，他获得了诺贝尔文学奖。", 24 / 25),
    ("请重启路由器，然后再试一次。", "请您重启路由器后再试一次。", 11 / 12),
    ("订单已发货，预计3天内送达。", "订单已经发货，预计三天内送达。", 22 / 25),
    ("不可以。", "可以。", 4 / 5),
    ("GPT-4的价格是每月20美元（约145元）。", "GPT-4每月20美元，约145元。", 9 / 11),
    ("上海、广州、深圳", "广州、深圳和上海", 12 / 13),
)

# The answer, the reference, and F1 counted by hand: twice the shared characters over all.
JAPANESE = (
    ("今日は、とても良い天気です。", "今日はとても良い天気ですね。", 24 / 25),
    ("日本の首都は東京です。", "東京は日本の首都です。", 1),
    ("答えは「1998年」です。", "1998年", 4 / 9),
    ("できません。", "できます。", 6 / 9),
    ("コーヒーを飲む", "コーヒー・メーカー", 8 / 15),
    ("３日以内に届きます。", "3日以内に届きます", 1),
    ("大阪、京都、神戸", "京都と神戸と大阪", 12 / 14),
    ("２,０００円（税込）", "2000円(税込み)", 8 / 9),
)
