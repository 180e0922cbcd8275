"""What a model version says of who answers. No declaration of a version may hold a key."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from evalhub.declare.declaration import Declaration, wrong

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
    """A model as its seller names it, and the address or the alias where it is asked."""

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
        """Why it doesn't say of an item's choices how likely each is; "" where it does."""
        return f"the backend {self.type} doesn't say how likely a given text is"

    @property
    def gives_likelihoods(self) -> bool:
        """Whether its client says of any texts how likely they are (`loglikelihood`)."""
        return False

    @property
    def at_once(self) -> int:
        """Questions that it works on at a time: a worker holds some times as many."""
        return 1

    @property
    def sold(self) -> "Sold | None":
        """Whose model it asks where, for a table of prices; None where no such table knows it."""
        return None

    @property
    def address(self) -> str:
        """Where it is asked, as it was configured."""
        return self.type

    def identity(self) -> dict[str, Any]:
        """What a version's digest is of."""
        return self.as_json()

    def settled(self, files: Callable[[str], Path]) -> Self:
        """With what the files that it names say of it, for the version that is registered.

        Args:
            files: the place of what is named, by its name.

        Raises:
            DeclarationError: what isn't there or can't be used.
        """
        return self

    def why_idle(self, baseline: "BackendDeclaration") -> str:
        """What to look at where an arm answers as the baseline does, whose backend is given."""
        if self.identity() == baseline.identity():
            return "Both arms have the same backend: name the adapter, or the model that has it"
        return (
            "Does the server load the adapter under that name? Look at its target modules, its "
            "keys' prefix, its rank against the server's most, its scale, and the base that it was "
            "trained on"
        )

    @property
    def key_and_address(self) -> tuple[str, str] | None:
        """The variable of its key and the address that it is sent to, where both are said."""
        return None


def _refuse_secrets(value: Any, *at: str | int) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            if _SECRET_NAME.search(name.lower().replace("-", "_")):
                raise wrong(_USE_KEY_ENV, *at, name)
            _refuse_secrets(inner, *at, name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _refuse_secrets(inner, *at, index)
    elif isinstance(value, str) and _SECRET_TEXT.search(value):
        raise wrong(_USE_KEY_ENV, *at)
