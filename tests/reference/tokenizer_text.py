"""Hard texts for a CLIP tokenizer: what people, and things that are not people, put into captions and prompts."""

import random


def hard_texts() -> list[str]:
    texts = [
        "",
        " ",
        "a",
        "a photo of a cat",
        "A Photo Of A CAT",
        "official art of pokemon bulbasaur, grass, poison",
        "  leading and trailing  ",
        "double  spaces   inside",
        "tabs\tand\nnewlines\r\nand\x0bvertical\x0cfeeds",
        "no\u00a0break\u202fspaces\u2007here",
        "ideographic\u3000space",
        "en\u2002em\u2003thin\u2009hair\u200aspaces",
        "line\u2028and\u2029paragraph separators",
        "next\u0085line",
        "zero\u200bwidth\u200cnon\u200djoiners",
        "byte\ufefforder mark",
        "\ufeffleading byte order mark",
        "mongolian\u180evowel separator",
        "ogham\u1680space",
        "word\u2060joiner and soft\u00adhyphen",
        "file\x1cgroup\x1drecord\x1eunit\x1fseparators",
        "null\x00byte",
        "bell\x07 escape\x1b[31m delete\x7f",
        "c1 \x80\x81\x9f controls",
        "\x01\x02\x03",
        # Contractions
        "it's what we've said, they're sure I'm right, I'd say you'll see, don't",
        "IT'S WHAT WE'VE SAID, THEY'RE SURE I'M RIGHT, I'D SAY YOU'LL SEE, DON'T",
        "it\u2019s curly, don\u2019t",
        "'s 't 're 've 'm 'll 'd 'x",
        "'sun 'tis 'recent 'velvet 'mind 'llama 'dog",
        "''s '''re \"'ve\" !'s -'t",
        "rock'n'roll o'clock 'twas",
        "'S 'T 'RE \u017f 's'\u017f 'ſ",
        "L'été d'Artagnan qu'il",
        # Digits
        "1", "12", "2024", "3.14159", "1,000,000", "1st 2nd 3rd", "model3x", "80s style", "4k 8K uhd",
        "½ ¾ ² ³ ₂ Ⅳ ⅷ ① ㊿ 〇 五 十",
        "٣٤٥ ۳۴۵ ३४५ ๓๔๕ ４５６ 𝟛𝟜 𐒠",
        # Punctuation and symbols
        "snake_case_words _leading trailing_ __dunder__ a_b",
        "!", "!!", "!!!", "hello!", "hello !", "wow!wow", "! leading", "a!b!c", "!?", "?!", "!!!important!!!",
        "...", "…", "-", "--", "---", "a-b", "a - b", "em—dash en–dash",
        "(masterpiece:1.2), [best quality], {detailed}, <lora:thing:0.8>",
        "\"quoted\" 'single' “curly” ‘single’ «guillemets» „low“ 「corner」",
        "a/b\\c|d", "50% off & more @home #tag $5 €5 £5 ¥5 ₿1", "c++ c# f# .net", "a=b*c^d~e`f",
        "http://example.com/path?query=1&other=two#part", "mail@example.com",
        "&amp; &lt;b&gt; &quot;x&quot; &#39;", "<b>bold</b>", "©2024 ®brand ™mark ℠ № ℃ Å",
        "→ ← ↔ ⇒ ∀x∈ℝ ∑∏√∞≠≤≥±×÷", "♥♦♣♠ ★☆ ♪♫ ✓✗ ☺☻", "┌─┐│└┘ ▀▄█ ░▒▓",
        # Special tokens inside text
        "<|endoftext|>", "<|startoftext|>", "a <|endoftext|> b", "a<|endoftext|>b", " <|endoftext|> ",
        "<|endoftext|><|endoftext|>", "<|startoftext|>a<|endoftext|>", "<|ENDOFTEXT|>", "<|EndOfText|> x",
        "<|endoftext|", "|endoftext|>", "<| endoftext |>", "<|endoftext|>s", "it<|endoftext|>'s",
        "<|endoftext |>", "<\u200b|endoftext|>", "<|start\u0301oftext|>", "\u00a0<|endoftext|>\u00a0!",
        "!<|endoftext|>!", "<|endoftext|>\n\n<|startoftext|>",
        # Letters, case and composition
        "café", "cafe\u0301", "CAFÉ", "CAFE\u0301", "naïve façade Zürich Ærøskøbing Łódź",
        "Straße STRASSE straße ẞ", "İstanbul ISTANBUL ıstanbul istanbul I İ", "ǅ ǆ Ǆ ﬁ ﬂ ﬀ ŉ ǰ",
        "ΣΑΣ ΟΔΟΣ σας ς Σ", "ΑΣ ΑΣ. ΑΣΑ Σ' \u03a3\u0301", "Ω Ω K K Å Å", "ΐ ΰ ᾳ ᾼ ῼ",
        "a\u0301\u0323 a\u0323\u0301", "\u0301leading mark", "e\u0301\u0302\u0303\u0304\u0305\u0306", "Z̸͚͖͖a̷͜l̴̝g̶̱o̷",
        "각 각 한글 한글", "ｆｕｌｌｗｉｄｔｈ ＡＢＣ １２３！", "𝐁𝐨𝐥𝐝 𝒮𝒸𝓇𝒾𝓅𝓉 𝔽𝕣𝕒𝕜", "ⓐⓑⓒ 🅰🅱 🄰", "Ǎ\u0328 Ǟ ș ț",
        "Ⴀ ა Ა Ꭰ ꭰ Ɐ ⱥ Ⱥ ẟ Ꞑ 𐐀 𐐨 𞤀", "ᲀ Ᲊ Ꟑ Ɤ Ꟛ Ꟶ ꟲ",
        "Привет мир МОСКВА ёж ЁЖ й", "Ελληνικά ΑΛΦΆΒΗΤΟ άλφα", "Հայերեն ԵՒ եւ և", "ქართული ᲥᲐᲠᲗᲣᲚᲘ",
        # Other scripts
        "日本語のテキスト", "中文文本，标点。", "漢字かな交じり文、テスト！", "한국어 텍스트", "ｶﾀｶﾅ ﾊﾟ ガ ガ",
        "皮卡丘 ピカチュウ 피카츄", "cat猫cat", "䷀𠮷野家 𡈽 \U0002f800 \uf900",
        "مرحبا بالعالم", "שלום עולם", "שָׁלוֹם", "العَرَبِيَّة", "\u202eright to left\u202c", "a\u200fb\u200ec",
        "हिन्दी पाठ", "தமிழ் உரை", "ไทยภาษา", "ພາສາລາວ", "བོད་ཡིག", "မြန်မာ", "ខ្មែរ", "አማርኛ", "ᚠᚢᚦᚨᚱᚲ", "𒀀𒀁", "𓀀𓁀",
        "ਪੰਜਾਬੀ ગુજરાતી বাংলা తెలుగు ಕನ್ನಡ മലയാളം සිංහල", "ᠮᠣᠩᠭᠣᠯ", "ꦗꦮ", "Tiếng Việt ĐẶC BIỆT", "Íslenska Þórr ÐÆÖ",
        # Emoji
        "😀", "😀😃😄", "a 😀 b", "a😀b", "👍🏽", "👩‍🚀", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇯🇵🇩🇪", "1️⃣ #️⃣ *️⃣", "❤️ ❤", "🫠🫡🪿🫨", "😶‍🌫️ text",
        "emoji of 🐱 grinning cat, animal, yellow", "🧑🏿‍🤝‍🧑🏻", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        # Private, unassigned, astral
        "\ue000\uf8ff \U000f0000", "\U0010ffff\uffff\ufffe", "\ufffd", "\u0378\u0379", "\U0001f9ff\U0001faff",
        "\ufdfa \ufb03 \u1e9b\u0323 \u2126\u212b", "\U0001d15e \u0344 \u2adc \u0958",
        "\u0e33 \u0eb3 \u0f77 \u1fe4 \u1d2c\u02b0 \u20dd\u20e3 \u0903\u0488",
        # Letters and marks of recent Unicode versions, where tables of different age disagree
        "\U0001e030 \U00010d40 \U00011bc0 \U00016d63 \U00031350 \u1c89 \ua7cb \U0001e5d0",
        # Long
        "a " * 74, "a " * 75, "a " * 76, "cat, " * 60, "supercalifragilisticexpialidocious" * 8, "x" * 300, "1" * 90,
        "!" * 300, "😀" * 40, "é" * 120, "日" * 100, ", ".join(f"tag {i}" for i in range(60)),
        "pneumonoultramicroscopicsilicovolcanoconiosis antidisestablishmentarianism",
        "asdfghjkl qwertyuiop zxcvbnm", "aaaaaaaaaaaaaaaaaaaaaa", "ababababababababab",
    ]  # fmt: skip
    generator = random.Random(0)
    alphabet = list("abcXYZ019'!_-.,<|>\u00e9\u0301\u00df\u0130\u03a3\u3000\u00a0\u200d\ufe0f\u0085\ufeff \t\n") + ["'s", "'LL", "😀", "日", "<|endoftext|>"]
    texts += ["".join(generator.choices(alphabet, k=generator.randint(2, 24))) for _ in range(60)]
    return texts
