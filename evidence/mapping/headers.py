"""Headers that are known, by the column of the layouts that they stand for."""

from __future__ import annotations

from evidence.mapping.words import plain_header

HEADERS: dict[str, tuple[str, ...]] = {
    "source": (
        "source",
        "source no",
        "source number",
        "index no",
        "index number",
        "source ref",
        "ffynhonnell",
    ),
    "locator": ("locator", "page", "paragraph", "where", "page no", "page number", "section", "tudalen"),
    "finding": (
        *("finding", "findings", "what we found", "observation", "evidence", "issue", "statement"),
        *("finding text", "what was found", "description of finding", "canfyddiad"),
    ),
    "direction": (
        *("direction", "strength or weakness", "strength weakness", "s w", "sw", "type", "+", "judgement"),
        *("positive or negative", "positive negative", "finding type", "type of finding", "cyfeiriad"),
    ),
    "significance": (
        "significance",
        "weight",
        "importance",
        "severity",
        "priority",
        "impact",
        "pwysigrwydd",
        "how serious",
        "how important",
        "seriousness",
    ),
    "domains": (
        *("domains", "domain", "theme", "themes", "topic", "area", "key line of enquiry", "kloe", "tags"),
        *("quality statement", "domain title", "maes", "parth"),
    ),
    "recorded_by": ("recorded by", "reviewer", "inspector", "coder", "entered by", "cofnodwyd gan"),
    "recorded_on": ("recorded on", "date recorded", "date of recording"),
    "quote": ("quote", "quotation", "exact words", "verbatim", "dyfyniad"),
    "strand": ("strand", "client group", "service user group"),
    "respondent": (
        *("respondent", "respondent id", "respondent no", "respondent number", "response id", "responseid"),
        *("id", "no", "number", "record", "record id", "submission id", "participant", "participant id"),
        *("respondentid", "respid", "caseid", "ymatebydd", "rhif"),
    ),
    "group": (
        "group",
        "respondent group",
        "respondent type",
        "type of respondent",
        "you are",
        "grwp",
        "are you",
        "i am",
        "which group are you in",
        "group of respondents",
    ),
    "standard": ("standard", "criterion", "audit standard", "audit question", "safon"),
    "score": ("score", "rating", "mark", "sgor"),
    "indicator": (
        *("indicator", "measure", "indicator name", "measure name", "performance indicator", "pi", "metric"),
        *("name", "name of indicator", "dangosydd"),
    ),
    "unit": ("unit", "units", "unit of measure", "measured in", "uned"),
    "better": (
        *("better", "good is", "polarity", "direction of good", "desired direction", "which is better"),
        *("good performance", "preferred direction", "gwell"),
    ),
    "period": ("period", "year", "financial year", "quarter", "reporting period", "blwyddyn", "cyfnod"),
    "value": (
        *("value", "values", "result", "figure", "data value", "data values", "obs value", "gwerth"),
        *("observation value", "gwerthoedd", "gwerth data", "gwerthoedd data"),
    ),
    "review": (
        *("review", "authority", "council", "local authority", "authority name", "name of authority"),
        *("organisation", "awdurdod", "cyngor", "awdurdod lleol"),
    ),
}
"""Headers in small letters, without what joins or parts their words."""
CASES = (
    *("case", "case file", "case no", "case number", "case id", "case ref", "case reference", "achos"),
    *("case file no", "case file number", "case file ref", "case file reference", "case file id"),
    *("file", "file no", "file number", "file ref", "file reference", "ffeil", "rhif yr achos", "cyfeirnod"),
)
"""Headers of the column that numbers case files."""
COMPARED = (
    *("comparator", "england", "wales", "england average", "wales average", "national average", "average"),
    *("benchmark", "cymru", "lloegr", "similar authorities", "target"),
)
"""Headers of figures that others are compared with."""
CHARACTERISTICS = (
    *("age", "age band", "age group", "sex", "gender", "ethnicity", "ethnic group", "disability", "area"),
    *("locality", "ward", "oed", "grwp oed", "rhyw", "ethnigrwydd", "anabledd"),
)
"""Headers of what is known of respondents."""


def column_of(title: str, allowed: tuple[str, ...]) -> str:
    """The first of these columns of a layout that a header stands for, or nothing."""
    plain = plain_header(title)
    return next((name for name in allowed if plain in HEADERS[name]), "")
