"""How the measures could have come out: drawn again from the evidence, all draws at once, chunk by chunk.

What is drawn, and how:
- Case files are drawn with replacement as clusters: all scores from one source move together, in every
  domain (the bootstrap, introduced by Efron, B. (1979); with clusters: Davison, A. C. and Hinkley, D. V.
  (1997), Bootstrap Methods and their Application).
- Respondents whose single answers are stored are drawn with replacement as clusters, all their answers
  together, within their survey and group, whose size stays as it is. Who left a question out is drawn, too.
- Respondents who are weighted are drawn alike, each with the weight they have: a draw's share is the weight
  of those who answered positively by that of those who answered. The weights stay fixed. That leaves out that
  every new sample would be weighted to the margins again, which takes out of the scatter what hangs together
  with the characteristics: shares that do are surer than the draws show.
- A published share is binomial with its base. Results of one survey and group come from the same people, how
  closely they move together was not published; they take the same quantile in a draw, which gives their mean
  the widest spread these bases allow (comonotonicity: Kaas, R., Dhaene, J. and Goovaerts, M. J. (2000),
  Insurance: Mathematics and Economics 27, 151-168). Different groups and surveys are independent. A weighted
  share is drawn so, with its effective base, once its answers no longer say what it says.
- A published share without a base counts as one of ten answers (`pools.UNKNOWN_BASE`): below ten a share
  never decides alone, so fewer are hardly published, and more are not known. That is wide: 95 of 100 draws
  of 73 % lie from 40 to 100 %.
- A mean of nothing but shares on fewer answers than that has no value, and none in any draw.
- A published 0 or 100 % would never vary; it is drawn from (positive + 1/2) / (base + 1), the mean of
  Jeffreys' posterior (Brown, L. D. et al. (2001), Statistical Science 16, 101-133).
- Findings are drawn with replacement within their domain (multinomial over what their measures tell apart:
  direction, significance, strand and kind of source), as many as there are: what was found is one draw of
  what could have been found. The same finding in two domains is drawn in each.
- How widespread a finding is (`evidence.extents`) is drawn with it: `k of n` is binomial with base n, as a
  published share is, and another one every time the finding is drawn. How numbers hang together that were
  counted in the same files is not known: they are drawn independently. A word is anything in its range, all
  of it alike, and in one draw the same for all findings of a domain: not known is what people mean by it.
- Indicators are full counts, and counts decide whether evidence is enough: both stay as they are.
- A resample that holds nothing of a measure says nothing about it: one unit that bears on it is drawn then.
  Resampling cannot show a doubt about what all units agree on; few units that agree look surer than they are.

Every survey group, the case files, every domain's findings and their extents have a random stream of their
own, named by the seed and by what they are, and used up draw by draw. So draws do not depend on the size of
the chunks, and evidence added in one place leaves the draws of all others alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from evidence.at_event import added_by
from evidence.measures.draws import Pool, Published, binomial_quantiles, stream
from evidence.measures.pairs import Numbers
from evidence.measures.pools import Key, OfPool, Pools, SampleSizes
from programme.database import Database, one
from programme.reviews import Review
from rules.arrays import Values, rounded_values
from rules.errors import EvidenceInvalid
from rules.ratings import FEWEST_ANSWERS, Measured
from rules.rulebook import Measure

CHUNK = 2_000
"""Draws held in memory at a time."""
Draws = dict[str, dict[str, Values]]
"""Values by domain and measure, one per draw; NaN where there is nothing to measure."""


@dataclass(frozen=True)
class More:
    """Evidence imagined beside what there is, saying on the whole the same."""

    case_files: int = 0
    responses: int = 0
    """In every survey group that is there."""
    findings: Mapping[str, int] = field(default_factory=dict)
    """By domain."""


@dataclass(frozen=True)
class Resampler:
    """All that is drawn for the measures of a review, ready for any number of draws."""

    point: Measured
    """The measures as they are."""
    sizes: Mapping[str, SampleSizes]
    pools: tuple[OfPool, ...]
    """Kind ('case_files' or 'findings'), pool, and the (domain, measure) of every column."""
    people: tuple[tuple[Pool, tuple[int, ...]], ...]
    """Pools of respondents, and which survey result every column is."""
    published: tuple[Published, ...]
    means: Numbers
    """Survey result by column: how much of the column's mean it makes."""
    mean_of: tuple[Key, ...]
    """The (domain, measure) of every column of `means`."""
    most_answers: Numbers
    """The most answers to one result of every column; infinite where a number is unknown."""

    @property
    def drawn(self) -> set[Key]:
        """The (domain, measure) pairs that vary; all others stay as they are."""
        return {key for _, _, keys in self.pools for key in keys} | set(self.mean_of)

    def draw(
        self, draws: int, seed: int, *, chunk: int = CHUNK, more: More | None = None
    ) -> Iterator[tuple[int, Draws]]:
        """The measures of `draws` draws, at most `chunk` at a time: (how many, values)."""
        more = more or More()
        drawings = []
        for kind, pool, keys in self.pools:
            extra = more.case_files if kind == "case_files" else more.findings.get(keys[0][0], 0)
            drawings.append((pool.draw(seed, extra), keys))
        people = [(pool.draw(seed, more.responses), items) for pool, items in self.people]
        published = [(stream(seed, *group.names), group) for group in self.published]
        for start in range(0, draws, chunk):
            count = min(chunk, draws - start)
            values = self._fixed(count)
            for drawing, keys in drawings:
                for (domain, measure), column in zip(keys, drawing.next(count).T, strict=True):
                    values[domain][measure] = rounded_values(column)
            results = np.empty((count, len(self.means)))
            for drawing, items in people:
                results[:, items] = drawing.next(count)
            for rng, group in published:
                chance = rng.random(count)
                for item, share, base in zip(group.items, group.shares, group.bases, strict=True):
                    results[:, item] = binomial_quantiles(chance, base + more.responses, share)
            for number, (domain, measure) in enumerate(self.mean_of):
                made_of = np.flatnonzero(self.means[:, number])
                mean = rounded_values(results[:, made_of].mean(axis=1))
                enough = self.most_answers[number] + more.responses >= FEWEST_ANSWERS
                values[domain][measure] = mean if enough else np.full(count, np.nan)
            yield count, values

    def _fixed(self, count: int) -> Draws:
        drawn = self.drawn
        return {
            domain: {
                name: np.broadcast_to(np.float64(np.nan if value.value is None else value.value), count)
                for name, value in values.items()
                if (domain, name) not in drawn
            }
            for domain, values in self.point.items()
        }


def load_resampler(
    db: Database,
    review: Review,
    measures: Sequence[Measure],
    point: Measured,
    event: int,
    *,
    findings: bool = True,
) -> Resampler:
    """What is drawn of the evidence that counted at an event; `findings` False holds the findings fixed.

    `point` holds the measures as they are, by domain (see evidence.measures.compute).
    Raises EvidenceInvalid for a stored survey question that nobody of a group answered.
    """
    parameters = {"review": review.id, "event": event}
    unanswered = one(db, UNANSWERED, parameters)
    if unanswered:
        raise EvidenceInvalid(
            f"no respondent answered: {unanswered}",
            hint="Leave the question out for this group; import it again.",
        )
    found = Pools(db, review, measures, event)
    means, mean_of, items, most_answers = found.survey_means()
    position = {item: number for number, item in enumerate(items)}
    return Resampler(
        point=point,
        sizes={name: found.sizes(code) for code, name in enumerate(review.framework.domains)},
        pools=(*found.case_files(), *(found.findings() if findings else ())),
        people=tuple(found.people(position)),
        published=tuple(found.published(position)),
        means=means,
        mean_of=mean_of,
        most_answers=most_answers,
    )


UNANSWERED = f"""
select s.ref || ', ' || r.question || ', ' || r.group_name
from survey_response r join source s on s.id = r.source_id
where s.review_id = :review and {added_by("r", ":event")}
group by s.id, r.question, r.group_name having count(r.answer) = 0 limit 1
"""
