"""Equations as a line of text: fractions as (a)/(b), powers as a^b, so that no two numbers run together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

DEEPEST = 60
"""Levels of an equation in an equation."""


def fraction(above: str, below: str) -> str:
    """A fraction: 1/2, (a + b)/2."""
    return f"{_grouped(above)}/{_grouped(below)}"


def power(base: str, above: str) -> str:
    """What is raised: x^2."""
    return f"{_grouped(base)}^{_grouped(above)}" if above else base


def index(base: str, below: str) -> str:
    """What is lowered: x_1."""
    return f"{base}_{_grouped(below)}" if below else base


def indexed(base: str, below: str, above: str) -> str:
    """What has both: x_1^2, ∑_1^n."""
    lowered = index(base, below)
    return f"{lowered}^{_grouped(above)}" if above and below else power(lowered, above)


def root(inside: str, degree: str = "") -> str:
    """A root: √(x), or with its degree before it."""
    return f"{degree}√({inside})"


def _grouped(text: str) -> str:
    return text if text.isalnum() or text.replace(".", "").isdigit() else f"({text})"


class _Reading:
    """An equation being read: what a node says, and whether all of it could be read so far."""

    def __init__(self) -> None:
        self.whole = True

    def text_of(self, node: Any, depth: int) -> str:
        raise NotImplementedError

    def read(self, node: Any) -> tuple[str, bool]:
        """The text of an equation, and whether all of it could be read."""
        return " ".join(self.text_of(node, 0).split()), self.whole


# --- MathML ------------------------------------------------------------------------------------------------

PLAIN = {
    *("math", "mrow", "mstyle", "mpadded", "mi", "mn", "mo", "mtext", "ms", "semantics", "mtd", "merror"),
    *("menclose", "mfenced"),
}
LEFT = {"annotation", "annotation-xml", "mphantom", "maction", "mspace", "none", "mprescripts"}


def mathml(node: Any) -> tuple[str, bool]:
    """The text of a MathML element, and whether all of it could be read."""
    return _MathML().read(node)


class _MathML(_Reading):
    def text_of(self, node: Any, depth: int) -> str:
        tag = node.tag.rpartition(":")[2]
        if tag == "-text":
            return " ".join((node.text_content or "").split())
        if depth > DEEPEST or tag in LEFT:
            self.whole = self.whole and depth <= DEEPEST
            return ""
        inside = [self.text_of(child, depth + 1) for child in node.iter(include_text=True)]
        if tag in ("mi", "mn", "mo", "mtext", "ms"):
            return _spaced("".join(inside), tag)
        parts = [part for part in inside if part]
        return self.drawn(tag, parts)

    def drawn(self, tag: str, parts: Sequence[str]) -> str:
        match tag, parts:
            case "mfrac", [above, below]:
                return fraction(above.strip(), below.strip())
            case (("msup" | "mover"), [base, above]):
                return power(base.strip(), above.strip())
            case (("msub" | "munder"), [base, below]):
                return index(base.strip(), below.strip())
            case (("msubsup" | "munderover"), [base, below, above]):
                return indexed(base.strip(), below.strip(), above.strip())
            case "msqrt", _:
                return root("".join(parts).strip())
            case "mroot", [inside, degree]:
                return root(inside.strip(), degree.strip())
            case "mtr", _:
                return ", ".join(part.strip() for part in parts)
            case "mtable", _:
                return "[" + "; ".join(parts) + "]"
            case "mfenced", _:
                return "(" + ", ".join(part.strip() for part in parts) + ")"
        if tag not in PLAIN:
            self.whole = False
        return "".join(parts)


def _spaced(text: str, tag: str) -> str:
    if tag == "mo" and text in ("=", "+", "-", "−", "<", ">", "≤", "≥", "≠", "≈", "×", "±"):
        return f" {text} "
    return text


# --- Word's equations --------------------------------------------------------------------------------------

MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
WITHOUT_TEXT = {
    *("ctrlPr", "fPr", "sSupPr", "sSubPr", "sSubSupPr", "radPr", "dPr", "naryPr", "funcPr", "rPr", "accPr"),
    *("barPr", "oMathParaPr", "limLowPr", "limUppPr", "mPr", "eqArrPr", "boxPr", "borderBoxPr", "groupChrPr"),
    *("phantPr", "sPrePr", "argPr"),
}
THROUGH = {
    *("oMath", "oMathPara", "e", "num", "den", "sup", "sub", "deg", "fName", "lim", "r", "box", "borderBox"),
    *("acc", "bar", "groupChr"),
}


def word_equation(node: Any) -> tuple[str, bool]:
    """The text of an equation of a Word document (m:oMath), and whether all of it could be read."""
    return _WordMath().read(node)


class _WordMath(_Reading):
    def text_of(self, node: Any, depth: int) -> str:
        namespace, _, tag = str(node.tag).rpartition("}")
        if tag == "t":
            return node.text or ""
        if namespace + "}" != MATH:
            # Runs of Word's own inside: their text, and nothing of how it looks.
            return "" if tag.endswith("Pr") else self.joined(node, depth)
        if tag in WITHOUT_TEXT:
            return ""
        if depth > DEEPEST:
            self.whole = False
            return ""
        part = {str(child.tag).rpartition("}")[2]: child for child in node}

        def of(name: str) -> str:
            return self.text_of(part[name], depth + 1).strip() if name in part else ""

        match tag:
            case "f":
                return fraction(of("num"), of("den"))
            case "sSup":
                return power(of("e"), of("sup"))
            case "sSub":
                return index(of("e"), of("sub"))
            case "sSubSup":
                return indexed(of("e"), of("sub"), of("sup"))
            case "sPre":
                return indexed("", of("sub"), of("sup")) + of("e")
            case "rad":
                return root(of("e"), of("deg"))
            case "d":
                return self.delimited(node, part.get("dPr"), depth)
            case "nary":
                sign = _value(part.get("naryPr"), "chr", "∫")
                return f"{indexed(sign, of('sub'), of('sup'))} {of('e')} "
            case "func":
                return f"{of('fName')}({of('e')})"
            case "limLow":
                return index(of("e"), of("lim"))
            case "limUpp":
                return power(of("e"), of("lim"))
            case "m" | "eqArr":
                rows = [self.text_of(child, depth + 1) for child in node if child.tag[-2:] in ("mr", "}e")]
                return "[" + "; ".join(rows) + "]"
            case "mr":
                return ", ".join(self.text_of(child, depth + 1).strip() for child in node)
        if tag not in THROUGH:
            self.whole = False
        return self.joined(node, depth)

    def joined(self, node: Any, depth: int) -> str:
        return "".join(self.text_of(child, depth + 1) for child in node)

    def delimited(self, node: Any, properties: Any, depth: int) -> str:
        begins, ends = _value(properties, "begChr", "("), _value(properties, "endChr", ")")
        parts = [self.text_of(child, depth + 1).strip() for child in node if child.tag == MATH + "e"]
        return begins + _value(properties, "sepChr", "|").join(parts) + ends


def _value(properties: Any, name: str, otherwise: str) -> str:
    found = properties.find(MATH + name) if properties is not None else None
    return otherwise if found is None else found.get(MATH + "val", otherwise)
