"""What the page behind an answer link says, in the languages of its readers. Pure data.

The reader is somebody at an abuse desk who has no account here and may never have heard of us: plain words, no blame.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from schemas.exchange import LinkAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """The words of the page in one language; braces are filled in."""

    title: str
    from_us: str  # {sender}
    told: str  # {count} {written} {notice}
    told_one: str
    asked_by: str  # {deadline}
    asked: str
    safe: str
    items: str
    all_items: str  # {count}
    some_items: str
    item: str
    said: str  # {answer} {at}
    question: str
    answers: dict[LinkAnswer, str]
    hints: dict[LinkAnswer, str]
    note: str
    note_hint: str  # {longest}
    send: str
    thanks: str
    recorded: str  # {count} {answer}
    recorded_one: str
    next_step: str
    again: str
    contact: str  # {mail}
    unknown_title: str
    unknown: str
    too_often_title: str
    too_often: str  # {seconds}
    wrong_title: str
    wrong_item: str
    wrong_answer: str
    wrong_note: str
    away_title: str
    away: str
    too_large: str


ENGLISH: Final = Texts(
    title="Answer a notice",
    from_us="From {sender}",
    told="On {written} we sent you notice {notice} about {count} items and asked you to act on them.",
    told_one="On {written} we sent you notice {notice} about one item and asked you to act on it.",
    asked_by="We asked for this to be done by {deadline}.",
    asked="Please act as soon as you can.",
    safe="This page names items by number only. The addresses are in the notice you received.",
    items="Which items is your answer about?",
    all_items="All {count} items of this notice, unless you tick some below",
    some_items="Only some of them",
    item="Item",
    said="answered: {answer}, {at}",
    question="What became of it?",
    answers={
        LinkAnswer.REMOVED: "Removed",
        LinkAnswer.PASSED_ON: "Passed on",
        LinkAnswer.NOT_OURS: "Not ours",
        LinkAnswer.DISPUTED: "Disputed",
    },
    hints={
        LinkAnswer.REMOVED: "The content can no longer be reached.",
        LinkAnswer.PASSED_ON: "We told our customer or whoever is responsible.",
        LinkAnswer.NOT_OURS: "It is not on our network or service. If you know whose it is, say so below.",
        LinkAnswer.DISPUTED: "We do not agree that it should be removed. Say why below.",
    },
    note="Note (optional)",
    note_hint="When it was removed, to whom you passed it on, whose it is, or why you disagree. Words only, at most "
    "{longest} characters. Never send the content itself.",
    send="Send answer",
    thanks="Thank you",
    recorded="Recorded for {count} items: {answer}.",
    recorded_one="Recorded for one item: {answer}.",
    next_step="We will look at it ourselves shortly. You need do nothing more here.",
    again="Answer for other items of this notice",
    contact="Questions? Write to {mail}.",
    unknown_title="This link leads nowhere",
    unknown="It is not known here, or it has expired. Please use the link in the notice as it stands, or answer the "
    "notice by mail.",
    too_often_title="Too many requests",
    too_often="Please try again in {seconds} seconds.",
    wrong_title="Something is missing",
    wrong_item="Please tick at least one item of this notice.",
    wrong_answer="Please choose one of the four answers.",
    wrong_note="Please shorten your note.",
    away_title="We cannot record this now",
    away="Something here is not working. Nothing was recorded; please try again in a few minutes.",
    too_large="That was more than we can take.",
)

DUTCH: Final = Texts(
    title="Een melding beantwoorden",
    from_us="Van {sender}",
    told="Op {written} stuurden wij u melding {notice} over {count} items met het verzoek om actie te ondernemen.",
    told_one="Op {written} stuurden wij u melding {notice} over één item met het verzoek om actie te ondernemen.",
    asked_by="Wij vroegen dit te doen vóór {deadline}.",
    asked="Onderneem alstublieft zo snel mogelijk actie.",
    safe="Deze pagina noemt items alleen bij nummer. De adressen staan in de melding die u ontving.",
    items="Over welke items gaat uw antwoord?",
    all_items="Alle {count} items van deze melding, tenzij u er hieronder enkele aanvinkt",
    some_items="Alleen enkele daarvan",
    item="Item",
    said="beantwoord: {answer}, {at}",
    question="Wat is ermee gebeurd?",
    answers={
        LinkAnswer.REMOVED: "Verwijderd",
        LinkAnswer.PASSED_ON: "Doorgegeven",
        LinkAnswer.NOT_OURS: "Niet van ons",
        LinkAnswer.DISPUTED: "Betwist",
    },
    hints={
        LinkAnswer.REMOVED: "Het materiaal is niet meer bereikbaar.",
        LinkAnswer.PASSED_ON: "Wij hebben onze klant of de verantwoordelijke partij ingelicht.",
        LinkAnswer.NOT_OURS: "Het staat niet op ons netwerk of onze dienst. Weet u van wie het wel is, vermeld dat dan "
        "hieronder.",
        LinkAnswer.DISPUTED: "Wij vinden niet dat het verwijderd moet worden. Vermeld hieronder waarom.",
    },
    note="Toelichting (niet verplicht)",
    note_hint="Wanneer het is verwijderd, aan wie u het doorgaf, van wie het is, of waarom u het er niet mee eens "
    "bent. Alleen tekst, hoogstens {longest} tekens. Stuur nooit het materiaal zelf.",
    send="Antwoord versturen",
    thanks="Dank u wel",
    recorded="Vastgelegd voor {count} items: {answer}.",
    recorded_one="Vastgelegd voor één item: {answer}.",
    next_step="Wij kijken het binnenkort zelf na. U hoeft hier niets meer te doen.",
    again="Antwoord geven voor andere items van deze melding",
    contact="Vragen? Schrijf naar {mail}.",
    unknown_title="Deze link leidt nergens heen",
    unknown="Hij is hier niet bekend of is verlopen. Gebruik de link zoals die in de melding staat, of beantwoord de "
    "melding per e-mail.",
    too_often_title="Te veel verzoeken",
    too_often="Probeer het over {seconds} seconden opnieuw.",
    wrong_title="Er ontbreekt iets",
    wrong_item="Vink ten minste één item van deze melding aan.",
    wrong_answer="Kies één van de vier antwoorden.",
    wrong_note="Maak uw toelichting korter.",
    away_title="Wij kunnen dit nu niet vastleggen",
    away="Er werkt hier iets niet. Er is niets vastgelegd; probeer het over enkele minuten opnieuw.",
    too_large="Dat was meer dan wij kunnen aannemen.",
)

GERMAN: Final = Texts(
    title="Eine Meldung beantworten",
    from_us="Von {sender}",
    told="Am {written} haben wir Ihnen die Meldung {notice} über {count} Einträge gesandt und Sie gebeten, tätig zu "
    "werden.",
    told_one="Am {written} haben wir Ihnen die Meldung {notice} über einen Eintrag gesandt und Sie gebeten, tätig zu "
    "werden.",
    asked_by="Wir baten darum bis {deadline}.",
    asked="Bitte werden Sie so bald wie möglich tätig.",
    safe="Diese Seite nennt Einträge nur mit ihrer Nummer. Die Adressen stehen in der Meldung, die Sie erhalten haben.",
    items="Für welche Einträge gilt Ihre Antwort?",
    all_items="Alle {count} Einträge dieser Meldung, sofern Sie unten keine ankreuzen",
    some_items="Nur einige davon",
    item="Eintrag",
    said="beantwortet: {answer}, {at}",
    question="Was ist damit geschehen?",
    answers={
        LinkAnswer.REMOVED: "Entfernt",
        LinkAnswer.PASSED_ON: "Weitergegeben",
        LinkAnswer.NOT_OURS: "Nicht bei uns",
        LinkAnswer.DISPUTED: "Bestritten",
    },
    hints={
        LinkAnswer.REMOVED: "Der Inhalt ist nicht mehr erreichbar.",
        LinkAnswer.PASSED_ON: "Wir haben unseren Kunden oder die verantwortliche Stelle unterrichtet.",
        LinkAnswer.NOT_OURS: "Es liegt nicht in unserem Netz oder Dienst. Wissen Sie, wo es liegt, schreiben Sie es "
        "bitte unten.",
        LinkAnswer.DISPUTED: "Wir sind nicht der Ansicht, dass es entfernt werden muss. Bitte begründen Sie es unten.",
    },
    note="Anmerkung (freiwillig)",
    note_hint="Wann es entfernt wurde, an wen Sie es weitergegeben haben, wem es gehört oder warum Sie widersprechen. "
    "Nur Text, höchstens {longest} Zeichen. Senden Sie niemals den Inhalt selbst.",
    send="Antwort senden",
    thanks="Vielen Dank",
    recorded="Festgehalten für {count} Einträge: {answer}.",
    recorded_one="Festgehalten für einen Eintrag: {answer}.",
    next_step="Wir sehen in Kürze selbst nach. Sie müssen hier nichts weiter tun.",
    again="Für andere Einträge dieser Meldung antworten",
    contact="Fragen? Schreiben Sie an {mail}.",
    unknown_title="Dieser Link führt nirgendwohin",
    unknown="Er ist hier nicht bekannt oder abgelaufen. Bitte verwenden Sie den Link so, wie er in der Meldung steht, "
    "oder beantworten Sie die Meldung per E-Mail.",
    too_often_title="Zu viele Anfragen",
    too_often="Bitte versuchen Sie es in {seconds} Sekunden erneut.",
    wrong_title="Es fehlt etwas",
    wrong_item="Bitte kreuzen Sie mindestens einen Eintrag dieser Meldung an.",
    wrong_answer="Bitte wählen Sie eine der vier Antworten.",
    wrong_note="Bitte kürzen Sie Ihre Anmerkung.",
    away_title="Wir können dies jetzt nicht festhalten",
    away="Hier funktioniert etwas nicht. Nichts wurde festgehalten; bitte versuchen Sie es in einigen Minuten erneut.",
    too_large="Das war mehr, als wir annehmen können.",
)


def _from_file(words: dict[str, Any]) -> Texts:
    answers, hints = ({LinkAnswer(key): text for key, text in words[name].items()} for name in ("answers", "hints"))
    return Texts(**(words | {"answers": answers, "hints": hints}))


_OTHERS: Final = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
#: Every language that notices are shipped in.
TEXTS: Final = {"en": ENGLISH, "nl": DUTCH, "de": GERMAN} | {name: _from_file(words) for name, words in _OTHERS.items()}


def language_for(accepted: str, otherwise: str) -> str:
    """Choose the page's language by an Accept-Language header (RFC 9110, section 12.5.4), then by the notice's own.

    >>> language_for("sv, nl;q=0.7, en;q=0.3", "en")
    'nl'
    >>> language_for("", "de-AT")
    'de'
    """
    wishes = sorted((_wish(part) for part in accepted[:_HEADER_LIMIT].split(",")), key=lambda wish: -wish[1])
    for language, weight in (*wishes, (_primary(otherwise), 1.0)):
        if language in TEXTS and weight > 0:
            return language
    return "en"


_HEADER_LIMIT: Final = 500


def _wish(part: str) -> tuple[str, float]:
    name, _, parameter = part.partition(";")
    _, _, weight = parameter.strip().partition("=")
    try:
        return _primary(name), float(weight) if weight else 1.0
    except ValueError:
        return _primary(name), 0.0


def _primary(tag: str) -> str:
    return tag.strip().partition("-")[0].lower()
