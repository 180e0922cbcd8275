"""An item's choices judged by a server whose completions repeat their prompt (`echo`): each as it
would stand after the item's prompt, and the likeliest is the answer."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from runners.backends.asking import BackendRequest, Fault, Paid, Reply, TextLikelihood
from runners.backends.echoed import Echoing
from runners.backends.endpoint_state import EndpointState
from runners.prompting import PromptError, completion


@dataclass(slots=True)
class Choosing:
    """Asks how likely each choice of an item is after its prompt, one after the other."""

    echoing: Echoing

    @property
    def state(self) -> EndpointState:
        return self.echoing.state

    def requests(self, questions: Iterable[BackendRequest]) -> Iterator[Sequence[BackendRequest]]:
        """One item per request."""
        for question in questions:
            yield [question]

    async def ask(self, questions: Sequence[BackendRequest]) -> list[Reply]:
        """Raises BackendError as `Echoing.ask` does."""
        return [await self._choose(question) for question in questions]

    async def _choose(self, question: BackendRequest) -> Reply:
        """The likeliest of the choices, with what all cost; the first error in its place."""
        prompt, choices = self.echoing.exchange.prompt, question.choices or ()
        try:
            text = completion(prompt, question.input, question.context)
        except PromptError as error:
            return Reply(error=str(error), fault=Fault.ITEM)
        if "" in choices:
            return Reply(error="a choice is empty")
        gap = "" if not text or text[-1:].isspace() else " "
        judged: list[TextLikelihood] = []
        for choice in choices:
            request = BackendRequest(question.item_id, 0, (text, gap + choice), "")
            (reply,) = await self.echoing.ask([request])
            if reply.judged is None:
                return Reply(error=reply.error, fault=reply.fault, paid=_payment(judged))
            judged.append(reply.judged)
        sums = [choice.logprob for choice in judged]
        best = max(range(len(sums)), key=sums.__getitem__)
        paid = _payment(judged)
        all_paid = paid is not None and all(choice.paid is not None for choice in judged)
        return Reply(
            text=choices[best],
            logprob=sums[best],
            choice_logprobs=sums,
            prompt_tokens=paid.prompt if paid and all_paid else None,
            completion_tokens=paid.completion if paid and all_paid else None,
            paid=paid,
            served_model=reply.served_model,
            fingerprint=reply.fingerprint,
        )


def _payment(judged: Sequence[TextLikelihood]) -> Paid | None:
    return Paid.together(choice.paid for choice in judged)
