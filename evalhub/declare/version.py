"""A model version's declaration of its backend. No declaration of a version may hold a key."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from evalhub.declare.declaration import Declaration, invalid
from evalhub.declare.sampling import Sampling

_SECRET_NAME = re.compile(
    r"api_?key|authori[sz]ation|passw|secret|credential|private_?key|bearer"
    r"|(access|auth|api|hf)_?token|^token$|^key$"
)
_SECRET_TEXT = re.compile(
    r"^(bearer|basic)\s|^sk-|^hf_[A-Za-z0-9]{20}|^\w+://[^/?#]*@|[?&](api_?key|key|(access_)?token)=",
    re.I,
)
_USE_KEY_ENV = (
    "a key is never stored; put it in an environment variable and name the variable in 'key_env'"
)


Build = Annotated[
    str,
    Field(
        pattern=r"^[!-~]{1,200}$",
        description="what gave recorded answers, such as the SHA-256 of its weights, an image's "
        "digest or a commit: another build is another version",
    ),
]


class KeylessDeclaration(Declaration):
    """A declaration that refuses whatever looks like a secret, and doesn't repeat it."""

    @model_validator(mode="before")
    @classmethod
    def _no_secrets(cls, value: Any) -> Any:
        _refuse_secrets(value)
        return value


class Sold(NamedTuple):
    """A model as its seller names it, and the address or alias of its server."""

    model: str
    url: str | None
    endpoint: str | None


class BackendDeclaration(KeylessDeclaration):
    """Who answers. A backend's file declares its own fields; `type` is its name.

    Attributes:
        live: whether it is asked; else its answers come as a file.
        queue: which workers take its runs: "cpu" any, "gpu" where a model can be loaded, "api"
            where others' servers are asked.
    """

    live: ClassVar[bool] = True
    queue: ClassVar[Literal["cpu", "gpu", "api"]] = "cpu"

    type: str

    @property
    def why_no_choices(self) -> str:
        """Why it gives no log-probabilities of an item's choices; "" where it does."""
        return f"the backend {self.type} doesn't say how likely a given text is"

    @property
    def why_no_texts(self) -> str:
        """Why it doesn't say how likely a held text is; "" where it does."""
        return f"the backend {self.type} doesn't say how likely a given text is"

    @property
    def gives_likelihoods(self) -> bool:
        """Whether its client gives log-probabilities of any texts (`loglikelihood`)."""
        return False

    @property
    def at_once(self) -> int:
        """Requests that it works on at the same time; a worker leases a multiple of that."""
        return 1

    @property
    def seller(self) -> "Sold | None":
        """The model and its seller, for a table of prices; None where no such table has it."""
        return None

    @property
    def address(self) -> str:
        """Its address, as configured."""
        return self.type

    def identity(self) -> dict[str, Any]:
        """The part of the declaration that the version's digest covers."""
        return self.as_json()

    def resolve(self, files: Callable[[str], Path]) -> Self:
        """This declaration completed from the files that it names, for registration.

        Args:
            files: the place of what is named, by its name.

        Raises:
            DeclarationError: what isn't there or can't be used.
        """
        return self

    def check_sampling(self, sampling: Sampling) -> None:
        """Raises DeclarationError for a parameter that this backend can't take as it is said."""

    def why_idle(self, baseline: "BackendDeclaration") -> str:
        """What to check where an arm answers exactly as the baseline, whose backend is given."""
        if self.identity() == baseline.identity():
            return "Both arms have the same backend: name the adapter, or the model that has it"
        return (
            "Does the server load the adapter under that name? Look at its target modules, its "
            "keys' prefix, its rank against the server's most, its scale, and the base that it was "
            "trained on"
        )

    @property
    def key_and_address(self) -> tuple[str, str] | None:
        """(variable of its key, address that it is sent to), where both are set."""
        return None


def _refuse_secrets(value: Any, *at: str | int) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            if _SECRET_NAME.search(name.lower().replace("-", "_")):
                raise invalid(_USE_KEY_ENV, *at, name)
            _refuse_secrets(inner, *at, name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _refuse_secrets(inner, *at, index)
    elif isinstance(value, str) and _SECRET_TEXT.search(value):
        raise invalid(_USE_KEY_ENV, *at)
