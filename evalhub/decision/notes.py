"""What a section of a record says in words, and whether it is fine. Pure."""

from collections.abc import Iterator

from evalhub.decision.answers import answers_sentences, answers_status
from evalhub.decision.applied import applied_sentences
from evalhub.decision.consistency import consistency_sentences
from evalhub.decision.copies import copies_sentences
from evalhub.decision.judge_evidence import judge_sentences, judged_status
from evalhub.decision.jumps import jump_sentences
from evalhub.decision.ledger_origin import origin_sentences
from evalhub.decision.levels import items_factor, level_of
from evalhub.decision.noise import sameness_sentence
from evalhub.decision.ownership.criterion import ownership_sentences, ownership_status
from evalhub.decision.policy_since import changed_status, policy_sentences
from evalhub.decision.prices import price_sentences
from evalhub.decision.repeated import repeated_sentences
from evalhub.decision.simpler_steps import steps_sentences, steps_status
from evalhub.decision.wording import counted, signed
from evalhub.declare.alarms import JumpsSection, PolicySection
from evalhub.declare.answers_section import AnswersSection
from evalhub.declare.consistency import ConsistencySection
from evalhub.declare.copies_section import CopiesSection
from evalhub.declare.costs import PricesSection
from evalhub.declare.decision import Arms
from evalhub.declare.judging import JudgeSection
from evalhub.declare.ledger_section import LedgerRow, LedgerSection
from evalhub.declare.ownership_section import OwnershipSection
from evalhub.declare.sections import (
    AppliedSection,
    ChoiceSection,
    ExtensionSection,
    FailuresSection,
    ImportedSection,
    LeakageSection,
    NoiseSection,
    RepeatedSection,
    Section,
    ToolFigure,
)
from evalhub.declare.steps_section import StepsSection
from evalhub.declare.verdicts import Status


def noted[S: Section](section: S, arms: Arms) -> S:
    """The section with its status and its sentences."""
    status, sentences = _notes(section, arms)
    return section.model_copy(update={"status": status, "sentences": tuple(sentences)})


def _notes(section: Section, arms: Arms) -> tuple[Status, Iterator[str]]:
    match section:
        case LedgerSection():
            return Status.OPEN if section.spent else Status.PASS, _ledger(section)
        case AppliedSection():
            told = applied_sentences(section, arm=arms.candidate.name, baseline=arms.baseline.name)
            fine = section.state == "moved" and not section.siblings
            return Status.PASS if fine else Status.OPEN, told
        case ConsistencySection():
            names = {"baseline": arms.baseline.name, "candidate": arms.candidate.name}
            return Status.PASS, consistency_sentences(section, **names)
        case NoiseSection():
            state = "" if section.sameness is None else section.sameness.state
            return _STATES.get(state, Status.OPEN), _noise(section, arms)
        case RepeatedSection():
            return Status.OPEN, repeated_sentences(section)
        case CopiesSection():
            return Status.OPEN, copies_sentences(section)
        case FailuresSection():
            return Status.OPEN, _failures(section, arms)
        case LeakageSection():
            return _leaked(section), _leakage(section)
        case ChoiceSection():
            return _STATES.get(section.answer or "", Status.OPEN), _choice(section, arms)
        case ExtensionSection():
            return Status.PASS, _extension(section)
        case ImportedSection():
            return _agreement(section), _imported(section, arms)
        case JumpsSection():
            status = Status.FAIL if section.beyond else Status.OPEN
            return status, (f"{said}." for said in jump_sentences(section))
        case JudgeSection():
            return judged_status(section), judge_sentences(section)
        case PricesSection():
            known = section.baseline is not None and section.candidate is not None
            return Status.PASS if known else Status.OPEN, price_sentences(section, arms)
        case OwnershipSection():
            told = ownership_sentences(section, arms.candidate.name)
            return ownership_status(section), told
        case StepsSection():
            return steps_status(section), steps_sentences(section, arms)
        case AnswersSection():
            return answers_status(section, arms), answers_sentences(section, arms)
        case PolicySection():
            return changed_status(section), policy_sentences(section)
    raise TypeError(f"{type(section).__name__} is no section of a record")


_STATES = {
    "differs": Status.PASS,
    "no-op": Status.FAIL,
    "fine-tune": Status.PASS,
    "don't-fine-tune": Status.FAIL,
}


BUILDS = "Another build is another candidate, where its arm states the build."


def _ledger(section: LedgerSection) -> Iterator[str]:
    for row in section.test_sets:
        if row.counted:
            yield _paid(row, section.alpha)
    beside = [row for row in section.test_sets if not row.counted]
    alike = [row.test_set for row in beside if row.level >= section.level]
    if alike:
        yield f"Judged by the same look, without a charge: {', '.join(alike)}."
    for row in beside:
        if row.level < section.level:
            yield (
                f"{row.test_set} was read with other scores of this candidate before: it is judged "
                f"at {row.level:.2g}, as a further try."
            )
    yield f"All looks are those of the ledger {section.home}."
    yield from origin_sentences(section)


def _paid(row: LedgerRow, alpha: float) -> str:
    number, name = row.number, row.test_set
    paid = f"judged at {row.level:.2g} of the policy's {alpha:g}"
    if row.tries[-1:] > (1,):
        return (
            f"The items of {name} were drawn from a pool for this candidate's try {row.tries[-1]}, "
            f"{paid}. {BUILDS}"
        )
    if row.elsewhere:
        return (
            f"This candidate was judged on other items before: {name} is its try {number}, {paid}. "
            f"{BUILDS}"
        )
    if len(row.looks) > 1:
        *earlier, last = row.looks
        before = f"look{'s' * (len(earlier) > 1)} {', '.join(map(str, earlier))}"
        return (
            f"The items of {name} were added to after {before}: look {last}, {paid}, all stages "
            "together. The next candidate pays for it."
        )
    if row.arms is not None:
        return (
            f"The items of {name} were drawn from a pool for this question: look {number} at "
            f"them, {paid}."
        )
    if row.together and (shared := row.together[-1]) is not None:
        whole = level_of(number, alpha=alpha)
        parts = row.level <= whole / shared.arms * (1 + 1e-9)
        return (
            f"Look {number} at {name} is shared by {shared.arms} arms, which were registered "
            f"before any of them was read: what it may spend, {whole:.2g}, is spent once over all "
            f"of them, by {'equal parts' if parts else 'their joint law'}. This one is {paid}."
        )
    if number == 1:
        return (
            f"The first candidate on {name}: {paid}. The k-th is judged at a k²-th of this, so "
            "that trying many makes no false ship likelier."
        )
    needs = (
        f"{paid}, where a candidate needs {items_factor(number, alpha=alpha):.1f} times "
        "the items that the first needed"
    )
    if row.spent:
        return (
            f"{name} is spent: this is look {number}, {needs}. "
            "Make a fresh test set for the next candidate."
        )
    return f"Look {number} at {name}: {needs}."


def _noise(section: NoiseSection, arms: Arms) -> Iterator[str]:
    if section.sameness is not None:
        yield sameness_sentence(
            section.sameness, arm=arms.candidate.name, baseline=arms.baseline.name
        )
    for row in section.test_sets:
        yield (
            f"On {row.test_set} a second run of the baseline differs from the first by "
            f"{signed(row.difference)} [{signed(row.lower)}, {signed(row.upper)}], though "
            f"nothing changed; {row.differing:.1%} of its answers read otherwise."
        )


def _failures(section: FailuresSection, arms: Arms) -> Iterator[str]:
    arm = arms.baseline.name, arms.candidate.name
    for row in section.test_sets:
        counts = [
            f"{count:,} of {name}"
            for name, count in zip(arm, (row.baseline, row.candidate), strict=True)
            if count
        ]
        yield (
            f"An answer that failed scores {row.worst:g}, the worst, on {row.name}: "
            f"{' and '.join(counts)}, {row.items:,} items."
        )
    for each in section.without:
        yield (
            f"Without what failed, {each.name} is {signed(each.difference)} "
            f"[{signed(each.lower)}, {signed(each.upper)}] on {each.n:,} items: "
            f"{each.status.label}."
        )
    if section.verdict_without is None:
        yield "Without what failed nothing is left to judge."
    else:
        yield f"Without what failed the verdict would be {section.verdict_without.label.lower()}."


def _agreement(section: ImportedSection) -> Status:
    """Fine where the tool's figures are ours, and nothing but the models differs."""
    if any(each.agrees is False for each in section.figures):
        return Status.FAIL
    doubt = section.cautions or any(each.otherwise for each in section.figures)
    return Status.OPEN if doubt else Status.PASS


def _imported(section: ImportedSection, arms: Arms) -> Iterator[str]:
    alike = [each for each in section.figures if each.agrees]
    if alike:
        said = ", ".join(
            f"{_arm_of(each, arms)} {each.theirs:.4g} on {each.test_set} ({each.metric})"
            for each in alike
        )
        yield f"{section.tool} says the same as is judged here: {said}."
    told = [each for each in section.figures if each.theirs is not None]
    if section.figures and not told:
        yield f"Out of {section.tool}, whose log holds no figures to compare with."
    for each in section.figures if told else ():
        who, where = _arm_of(each, arms), f"on {each.test_set} ({each.metric})"
        ours = "no mean, since scores are missing" if each.ours is None else f"{each.ours:.6g}"
        if each.agrees is False:
            yield (
                f"{section.tool} says {each.theirs:.6g} for {who} {where}, and the mean of the "
                f"scores in its log is {ours}: find out why before you trust either."
            )
        elif each.theirs is None:
            yield f"{section.tool}'s log holds no figure of {who} {where}; ours is {ours}."
        elif each.agrees is None:
            made = f", made {each.otherwise}" if each.otherwise else ""
            yield f"{section.tool} says {each.theirs:.6g} for {who} {where}{made}; ours is {ours}."
    yield from (f"{each}." for each in section.cautions)


def _arm_of(figure: ToolFigure, arms: Arms) -> str:
    return arms.baseline.name if figure.arm == "baseline" else arms.candidate.name


def _leaked(section: LeakageSection) -> Status:
    if not any(row.leaked for row in section.test_sets):
        return Status.PASS
    agree = section.verdict_all == section.verdict_clean
    return Status.OPEN if agree else Status.FAIL


def _leakage(section: LeakageSection) -> Iterator[str]:
    touched = {row.test_set for row in section.test_sets if row.leaked}
    if not touched:
        names = ", ".join(row.test_set for row in section.test_sets)
        yield f"No item of {names} was found in the candidate’s training data."
        return
    for row in section.test_sets:
        kinds = ", ".join(f"{number:,} × {kind}" for kind, number in row.kinds.items())
        yield (
            f"{row.leaked:,} of {counted(row.items, 'item')} of {row.test_set} "
            f"{'was' if row.leaked == 1 else 'were'} found in the "
            f"candidate’s training data{f': {kinds}' if kinds else ''}."
        )
    everything, clean = section.verdict_all, section.verdict_clean
    if everything is None:
        return
    if clean is None:
        yield "Nothing clean is left to judge."
    elif clean == everything:
        yield f"With them and without them the verdict is the same: {everything.label.lower()}."
    else:
        yield (
            f"With them the verdict would be {everything.label.lower()}, "
            f"without them {clean.label.lower()}."
        )
    for each in section.clean:
        if each.name in touched:
            yield (
                f"{each.name} on the {counted(each.n, 'clean item')}: {signed(each.difference)} "
                f"[{signed(each.lower)}, {signed(each.upper)}]."
            )


def _choice(section: ChoiceSection, arms: Arms) -> Iterator[str]:
    arm, baseline = arms.candidate.name, arms.baseline.name
    said = {
        "fine-tune": f"{arm} does more than {baseline}, the best arm that isn't fine-tuned.",
        "don't-fine-tune": (
            f"{baseline} does as well: don't fine-tune. {arm} is shown not to gain on it what the "
            "study was planned to find."
        ),
        "not-shown": (
            f"It isn't shown that {arm} does more than {baseline}, the best arm that isn't "
            f"fine-tuned, nor that {baseline} does as well."
        ),
    }
    if section.answer is not None:
        yield said[section.answer]
        scores = ", ".join(
            f"{each.name} {' / '.join(f'{score:,.3g}' for score in each.scores)}"
            for each in section.arms
        )
        yield f"{section.chosen} is the best arm that isn’t fine-tuned: {scores}."
    else:
        names = ", ".join(each.name for each in section.arms)
        yield f"{section.chosen} was chosen as the best arm that isn’t fine-tuned, of {names}."
    sizes = "; ".join(
        f"{counted(row.development, 'item')} of {row.test_set} chose, {row.judged:,} "
        f"{'was' if row.judged == 1 else 'were'} judged"
        for row in section.test_sets
    )
    yield f"{sizes}."


def _extension(section: ExtensionSection) -> Iterator[str]:
    for row in section.test_sets:
        (first, *_), (old, *added) = row.looks, row.items
        news = "; ".join(
            f"{new:,} {'was' if new == 1 else 'were'} added for look {look}"
            for new, look in zip(added, row.looks[-len(added) :], strict=False)
        )
        yield (
            f"{row.test_set} held {counted(old, 'item')} at look {first}; {news}. "
            "Each part is tested by itself, and the tests are combined."
        )
