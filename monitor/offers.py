"""Whether a page offers other things, or shows the cover of its own. Pure."""

import re
from typing import Final

from monitor.likeness import Own
from monitor.spelling import plain_words

#: Pictures with a link that may belong to the thing itself; sites that offer other things offer more of them, …
_COVERS: Final = 2
#: … or say so.
_OTHERS: Final = re.compile(
    r"\b(?:more|others?|another|instead|like|leuk|interessant|gefallen|interessieren|empfehl\w*|aimer\w*|plaire|interesser|gust(?:ar|a|e)\w*|interes\w*|"
    r"piacere|piacer\w*|consigliat\w*|gostar|sugest\w*|sugerid\w*|spodoba\w*|zainteresowa\w*|polecan\w*|понравит\w*|заинтерес\w*|рекоменд\w*|begen\w*|ilgini|oneri\w*|gilla|recommended|popular|related|next|similar|latest|newest|try|andere|weitere|mehr|ahnliche|neueste|"
    r"meer|populaires?|populares?|popolari|beliebte?n?|popularne|popularni|populara|populaer[et]?|populer|random|discover|decouvr\w*|zufall\w*|descubr\w*|scopri|"
    r"popular\w*|recentes?|recents?|recenti|derniere?s?|ultim[ao]s?|ultime|nouve\w*|nuev[ao]s|novos?|nuov[ei]|nowe|nejnovejsi|популярн\w*|нов\w{2,3}|свеж\w*|"
    r"autres?|plus|otr[ao]s?|mas|altr[ieao]|piu|outr[ao]s?|mais|inne|podobne|dalsi|jine|друг\w*|ещ?е|похож\w*|diger|"
    r"andra|fler|muita|lisaa)\b|他|ほか|人気|新着|热门|熱門|最新|인기|최신|おすすめ|其他|其它|更多|推荐|다른|추천"
)


def is_covered(own: Own) -> bool:
    """Say whether a page shows one or two pictures that lead elsewhere, and no word of other things: its own cover."""
    return 0 < len(own.thumbnails) <= _COVERS and not offers(own)


def offers(own: Own) -> bool:
    """Say whether a page offers other things, and says so."""
    return bool(own.thumbnails and _OTHERS.search(plain_words("\n".join(own.lines))))
