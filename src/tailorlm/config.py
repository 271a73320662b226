"""Settings of the command line and the service: from the environment or `tailorlm.toml`.

What is given on the command line wins over the environment, which wins over the file.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from tailorlm.errors import InputError, nearest

FILE = "tailorlm.toml"
"""Name of the settings file, looked for in the working directory."""
PREFIX = "TAILORLM_"
"""What the names of environment variables begin with."""

_SCRUB = r"^(?:(?:upstream|store)(?:,(?:upstream|store))?)?$"
_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4096)]


class Settings(BaseSettings):
    """What a command works with.

    Attributes:
        store: Database URL or path.
        llm: Registry name of the language model, with its model.
        method: Registry name of the method that learns.
        encoder: Registry name of the text encoder.
        retriever: Registry name of the retriever that methods look things up with.
        tags: A tag library, or None for the library of PREMIUM.
        seed: Seed of all choices.
        scrub: Where personal data is left out: "upstream" (what the gateway sends), "store" (what
            is kept), "upstream,store", or "" for nowhere.
        detector: Registry name of what finds personal data.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, toml_file=FILE, extra="forbid", frozen=True
    )

    store: _Name = "sqlite:///tailor.db"
    llm: _Name = "builtin"
    method: _Name = "bayes_tags"
    encoder: _Name = "static"
    retriever: _Name = "hybrid"
    tags: Path | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    scrub: Annotated[str, StringConstraints(pattern=_SCRUB)] = ""
    detector: _Name = "regex"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Values given, then the environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(given: Mapping[str, Any] | None = None) -> Settings:
    """The settings in force.

    Args:
        given: Values from the command line by name; None stands for "not given".

    Raises:
        InputError: If a value cannot be used, with where it comes from.
    """
    chosen = {name: value for name, value in (given or {}).items() if value is not None}
    try:
        return Settings(**chosen)
    except ValidationError as error:
        raise InputError(_explain(error, chosen)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"The settings file {FILE} is not valid TOML: {error}.") from None
    except OSError as error:
        raise InputError(f"The settings file {FILE} cannot be read: {error.strerror}.") from None


def _explain(error: ValidationError, chosen: Mapping[str, Any]) -> str:
    """One sentence about the first mistake: where it is, what was given, what is wanted."""
    first = error.errors()[0]
    name = str(first["loc"][0])
    if first["type"] == "extra_forbidden":
        near = nearest(name, Settings.model_fields)
        hint = f"Did you mean {near!r}?" if near else f"It has: {', '.join(Settings.model_fields)}."
        return f"The settings file {FILE} has an unknown setting {name[:80]!r}. {hint}"
    variable = f"{PREFIX}{name.upper()}"
    if name in chosen:
        where = f"The option --{name}"
    elif any(key.upper() == variable for key in os.environ):
        where = f"The environment variable {variable}"
    else:
        where = f"The setting {name!r} in {FILE}"
    wanted = {
        "seed": "a whole number from 0",
        "scrub": "'upstream', 'store' or 'upstream,store'",
    }
    form = wanted.get(name, "a text that is not empty")
    return f"{where} must be {form}, but is {str(first['input'])[:80]!r}."
