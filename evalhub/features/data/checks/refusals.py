"""Answers that refuse, or speak of themselves as a language model. Pure."""

import re
from collections.abc import Sequence

from evalhub.declare.data_report import DataFinding
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck
from evalhub.features.data.checks.concerned_rows import ConcernedRows, on_one_line
from evalhub.features.data.rows.training_rows import TrainingRow
from runners.metrics.refusal import refusal_phrase

NAME = "refusals"
_READ = 2_000
_MODEL = re.compile(
    r"\b(?:as|i am|i'm|i’m) an? (?:\w+ ){0,2}(?:AI(?: language)?(?: model| assistant)?|"
    r"(?:large )?language model)\b(?! (?:engineer|researcher|company|lab|startup|expert))"
    r"|\b(?:my|the) (?:knowledge|training)(?: data)?(?: cut-?off| only goes)"
    r"|\b(?:als|bin) (?:eine? )?(?:\w+ )?(?:KI(?:-(?:Sprachmodell|Modell|Assistent\w*|System))?|"
    r"(?:KI-)?Sprachmodell|künstliche Intelligenz)\b(?!-)"
    r"|\ben tant (?:que|qu['’]) ?(?:\w+ ){0,2}(?:modèle de langage|IA|intelligence artificielle)\b"
    r"|\bcomo (?:un |una |um |uma )?(?:modelo de (?:lenguaje|linguagem)|IA|inteligencia artificial)"
    r"\b"
    r"|\bin quanto (?:modello linguistico|IA|intelligenza artificiale)\b"
    r"|\b(?:как|я) (?:языковая модель|искусственный интеллект)"
    r"|作为(?:一个|一名)?(?:AI|人工智能|语言模型|大型语言模型)|AI(?:言語)?モデルとして|言語モデルとして",
    re.IGNORECASE,
)


def find_refusals(rows: Sequence[TrainingRow], settings: CheckSettings) -> CheckResult:
    """Answers that begin by refusing, and others that name themselves a model."""
    refusing, speaking = ConcernedRows(), ConcernedRows()
    for row in rows:
        if (phrase := refusal_phrase(row.answer)) is not None:
            refusing.add(row, f"{on_one_line(phrase, 100)} to {on_one_line(row.prompt, 160)}")
        elif (match := _MODEL.search(row.answer[:_READ])) is not None:
            speaking.add(row, f"{on_one_line(match[0], 100)} to {on_one_line(row.prompt, 160)}")
    findings = [
        _finding(
            refusing,
            f"Answers that begin by refusing: {refusing.count:,}",
            "A few refusals of harmless requests teach a model to refuse many.",
            "Keep those that refuse what shall be refused; answer the others, or leave them out.",
        ),
        _finding(
            speaking,
            f"Answers that speak of themselves as a language model: {speaking.count:,}",
            "They were written by a model about itself: yours learns to say the same.",
            "Cut the sentence, or leave the rows out.",
        ),
    ]
    return CheckResult(findings=[finding for finding in findings if finding.rows])


def _finding(rows: ConcernedRows, title: str, meaning: str, advice: str) -> DataFinding:
    return rows.finding(
        check=NAME,
        topic="consistency",
        weight="important",
        title=title,
        meaning=meaning,
        advice=advice,
        to_people=True,
    )


CHECK = DataCheck(name=NAME, topic="consistency", on_sample=find_refusals)
