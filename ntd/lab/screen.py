"""What is shown while the demo runs, and at its end: on a terminal it moves, elsewhere it is plain lines."""

from collections.abc import Sequence

from rich.bar import Bar
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from ntd.lab.verify import Mismatch
from ntd.lab.watching import News, Progress
from ntd.lab.world import Story, World

#: States in the order of the walk, each with its colour.
_COLOURS = {
    "received": "white",
    "held": "magenta",
    "untraceable": "bright_black",
    "routed": "yellow",
    "noticed": "dark_orange",
    "forwarded": "blue",
    "gone": "green",
    "closed": "dark_green",
    "refused": "red",
    "withdrawn": "bright_black",
}
_NEWS_LINES = 10
_WIDEST = 110

_LAB_WORDS = {
    "questions": "DNS questions",
    "registrations": "RDAP",
    "requests": "requests",
    "mails": "mails",
    "reports": "XARF posts",
    "forwards": "forwards",
    "answers": "answers",
}


class Screen:
    """Draws on a console; plain where it is no terminal."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        if not self._console.is_terminal:
            # Into a file or a pipe: as wide as the tables are, whatever the width of the terminal behind it.
            self._console.width = _WIDEST
        self._live: Live | None = None
        self._shown = 0

    @property
    def moving(self) -> bool:
        """Say whether there is a terminal to draw on."""
        return self._console.is_terminal

    def say(self, sentence: str, style: str = "") -> None:
        """Say one line."""
        self._console.print(Text(sentence, style=style), soft_wrap=True)

    def title(self, world: World) -> None:
        """Say what will be played."""
        countries = {hoster.country for address in world.addresses() if (hoster := world.hoster_of(address))}
        self._console.print()
        self._console.print(Text("ntd demo", style="bold"), Text("one confirmed URL from intake to gone, for real"))
        hosters, sites = len(world.hosters), len([story for story in world.stories if story.items])
        self.say(f"{len(world.items)} items on {sites} sites at {hosters} hosters in {len(countries)} countries", "dim")
        self._console.print()

    def step(self, at_s: float, sentence: str) -> None:
        """Say that something is done, and when."""
        self.say(f"{_clock(at_s)}  {sentence}", "dim")

    def begin(self) -> None:
        """Begin to move, where there is a terminal."""
        if self.moving:
            self._live = Live(console=self._console, refresh_per_second=4, transient=True)
            self._live.start()

    def show(self, progress: Progress) -> None:
        """Show how far things have come."""
        if self._live:
            self._live.update(_frame(progress, min(self._console.width, _WIDEST)))
            return
        for news in progress.news[self._shown :]:
            self.say(_line(news))
        if len(progress.news) > self._shown or int(progress.at_s) % 10 == 0:
            self.say(f"{_clock(progress.at_s)}  ended as told: {progress.ended} of {progress.total}")
        self._shown = len(progress.news)

    def end(self) -> None:
        """Stop moving."""
        if self._live:
            self._live.stop()
            self._live = None

    def rows(self, world: World, found: dict[str, list[Mismatch]], states: dict[str, str]) -> None:
        """Show every row of the table and how it ended."""
        self.heading("how every row ended")
        for story in world.stories:
            if story.items:
                self._console.print(_story(story, found, states))

    def report(self, title: str, renderable: RenderableType) -> None:
        """Show one report under its title."""
        self.heading(title)
        self._console.print(renderable)

    def heading(self, title: str) -> None:
        """Begin a part."""
        width = min(self._console.width, _WIDEST)
        self._console.print()
        self._console.print(Rule(Text(title, style="bold"), align="left", style="bright_black"), width=width)

    def mismatches(self, found: Sequence[Mismatch]) -> None:
        """Say what did not end as it must."""
        for one in found:
            text = Text.assemble(("✗ ", "bold red"), (one.about, "bold"), f"  {one.what}: expected ")
            text.append(one.expected, "green")
            text.append(", seen ")
            text.append(one.seen, "red")
            self._console.print(text, soft_wrap=True)


def _clock(at_s: float) -> str:
    return f"{int(at_s) // 60:02}:{int(at_s) % 60:02}"


def _line(news: News) -> str:
    way = f"{news.before} → {news.after}" if news.before else f"→ {news.after}"
    return f"{_clock(news.at_s)}  {way:<24}  {news.item.url}"


def _frame(progress: Progress, width: int) -> RenderableType:
    done = f"{progress.ended} of {progress.total} ended as told"
    head = Table.grid(padding=(0, 2))
    head.add_row(Text(_clock(progress.at_s), style="bold"), _states(progress), Text(done, style="bold"))
    bar = Bar(size=progress.total, begin=0, end=progress.ended, width=width, color="green", bgcolor="grey23")
    return Group(head, bar, _seen(progress), Text(), *[_news(one, width) for one in progress.news[-_NEWS_LINES:]])


def _states(progress: Progress) -> Text:
    parts = [
        (f"{progress.states[state]} {state}", colour) for state, colour in _COLOURS.items() if progress.states[state]
    ]
    return Text("  ").join(Text(words, style=colour) for words, colour in parts)


def _seen(progress: Progress) -> Text:
    parts = [f"{progress.seen_by_lab[key]:,} {word}" for key, word in _LAB_WORDS.items() if key in progress.seen_by_lab]
    return Text("the lab saw " + " · ".join(parts), style="dim")


def _news(news: News, width: int) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f"{_clock(news.at_s)}  ", "dim")
    text.append(f"{news.before or ''}{' → ' if news.before else '→ '}".rjust(14), "dim")
    text.append(f"{news.after:<12}", _COLOURS[news.after])
    text.append(f"{news.item.url:<30}  ")
    text.append(news.item.tells, "dim")
    text.truncate(width, overflow="ellipsis")
    return text


def _story(story: Story, found: dict[str, list[Mismatch]], states: dict[str, str]) -> RenderableType:
    head = Text.assemble((story.site, "bold"), "  ", (story.tells, "dim"))
    rows = Table.grid(padding=(0, 1))
    rows.add_column(width=1)
    rows.add_column(width=11)
    rows.add_column(ratio=1)
    for item in story.items:
        bad = bool(found.get(item.url))
        mark = Text("✗", "bold red") if bad else Text("✓", "green")
        state = states.get(item.url, "missing")
        rows.add_row(mark, Text(state, _COLOURS.get(state, "red")), Text(item.tells))
    return Group(head, Padding(rows, (0, 0, 0, 2)))
