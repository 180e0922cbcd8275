"""Frequent words by which a language is detected, a line per language.

Norwegian is told as Danish: too little tells them apart.
"""

_LATIN = {
    "en": "the of and to is in that it was for with as are this be have from or by not but they "
    "which you at we can will has their an if would there were been what when your should its",
    "de": "der die das und ist nicht ein eine zu den mit von für auf dem des sich auch es im als "
    "wird bei nach werden oder aus ich sind wie einen einer kann sie haben wenn nur noch über um "
    "durch zum zur hat diese dieser bitte sein",
    "fr": "le la les des et est une du dans que qui pour pas sur avec ce il au plus par ne se sont "
    "cette vous nous être mais ou aux ont peut elle leur comme fait tout ces sans je votre été "
    "doit sa son",
    "es": "el la los las de que y en un una es por con para no se del al lo como más su pero sus "
    "este está ha son o ser fue muy también hay puede esta cuando sin sobre usted debe si porque",
    "pt": "o a os as de que e do da em um uma é para com não por se na no dos mais como mas ao "
    "das ou foi são você seu sua ser está pelo pela também isso até este esta quando muito deve "
    "nos já eu à",
    "it": "il la di che e è un una per non con del della si le i gli in da sono dei al come più "
    "anche ma alla nel dal delle essere questo questa ha lo ci o può deve dalla suo tra su degli "
    "nella cui hanno",
    "nl": "de het een van en is dat niet in op te zijn voor met die aan er om door ook als bij "
    "naar maar uit dan wordt nog kan worden of deze heeft wel moet je u hebben geen was zich wat "
    "hij over tot",
    "sv": "och att det som en på är av för med den till inte har de om ett var men jag kan från "
    "så eller när vi ska du måste vid mot också efter bara hur alla mycket denna detta vara finns "
    "blir",
    "da": "og at det som en på er af for med den til ikke har de om et var men jeg kan fra så "
    "eller når vi skal du ved mod også efter kun hvor alle meget denne dette være blev hvis blive "
    "nogle ud nå etter mye bare noen ble bli",
    "fi": "ja on ei että se oli hän mutta ovat kun tai myös joka kuin niin sen voi tämä jos mitä "
    "vain ole jotka siitä tämän ennen sekä olla kanssa sitä mukaan jälkeen eivät täytyy hyvin "
    "koska",
    "pl": "i w nie na się z do to jest że jak za od po o przez są ale dla może być tym które "
    "tego ma co lub jako tylko czy był oraz musi który przed także ich jego jeśli można",
    "cs": "a se na je že v s to z do o pro jako by ale po který jsou za od byl tak nebo jeho při "
    "která také které nebyl může být musí jen podle už není pokud aby ze mezi jejich",
    "ro": "și în de la a cu pe care nu este un o din să mai că se pentru sunt ca fi dar sau au "
    "fost prin după ce al ale această acest trebuie poate foarte dacă fără lui cel",
    "hu": "a az és hogy nem is egy van volt meg ez de csak már még vagy mint kell ha azt el lehet "
    "ezt amely minden után szerint között úgy nagyon mert vagyok ki be lesz",
    "tr": "ve bir bu için ile da de olarak daha çok olan ne gibi en kadar ya sonra var ama her "
    "değil ise o veya olduğu tarafından göre çünkü ancak olur mi nasıl bunu gerekir",
    "id": "yang dan di itu dengan untuk tidak ini dari dalam akan pada juga ke karena ada adalah "
    "oleh atau bisa dapat saya anda kami seperti lebih telah sudah mereka harus hanya tersebut",
    "vi": "và của là không có được cho một các này với trong người những để khi đã từ bạn tôi cũng "
    "như về nhưng phải đến hoặc theo nếu thì vì rất",
}
_CYRILLIC = {
    "ru": "и в не на что с по как это из он к за то но для от до же или так все был может мы "
    "если его она бы только быть вы их при чтобы я также этот которые уже была были есть нет "
    "когда где очень под без после перед чем их него нас вас том этого который можно нужно",
    "uk": "і в не на що з до як це та за але для від або так був може ми якщо його вона тільки "
    "бути ви їх при щоб я також цей які є й у вже була були немає "
    "коли де дуже під без після перед ніж них нього нас вас тому цього який можна треба",
    "bg": "и в не на че с по как това от за но до или така може ние ако той тя само да ви при "
    "също този които е се са ще си бъде със вече беше има няма "
    "когато къде много под без след преди тях него нас вас това този който може трябва",
    "sr": "и у не на да са по како то од за али до или тако је може ми ако његов она само бити "
    "ви се при такође овај који су ће из већ била има нема када где веома "
    "под без после пре њих њега нас вас тога овог који треба",
}

WORDS = {
    "Latin": {code: frozenset(words.split()) for code, words in _LATIN.items()},
    "Cyrillic": {code: frozenset(words.split()) for code, words in _CYRILLIC.items()},
}
"""By script, where several languages share it."""
