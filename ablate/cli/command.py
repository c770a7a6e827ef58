"""What every command has: help that shows `--debug` and no type beside a flag; and options that several commands take as one value."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Any, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup

DEBUG = "debug"
"""The root's parameter that every command lists too."""


class _Helpful:
    """Mixed into Typer's commands and groups: changes what their help lists, not what they do."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters as Typer has them, and the root's `--debug` before `--help`; flags without the name of a type."""
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        if ctx.parent is not None:
            of_all = [param for param in ctx.find_root().command.params if param.name == DEBUG]
            params = [*params[:-1], *of_all, *params[-1:]]
        for param in params:
            if getattr(param, "is_flag", False):
                param.metavar = ""
        return params


class Command(_Helpful, TyperCommand):
    """A command."""


class Group(_Helpful, TyperGroup):
    """A command that has commands."""


def make_helpful(app: typer.Typer) -> None:
    """Give all commands of an application, those of its groups too, the help of this module; called when the last is registered."""
    app.info.cls = Group
    for command in app.registered_commands:
        command.cls = Command
    for group in app.registered_groups:
        if group.typer_instance is not None:
            make_helpful(group.typer_instance)


def taking(shared: type[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorates a command: the fields of the dataclass `shared` become options, and its parameter `options` gets them as one value.

    Fields are annotated as Typer's parameters are, and come after the command's own.
    """

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(shared, include_extras=True)
        own = [each for each in inspect.signature(command).parameters.values() if each.name != "options"]
        parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own]
        parameters += [
            inspect.Parameter(
                field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
            )
            for field in fields(shared)
        ]

        @functools.wraps(command)
        def called(**given: Any) -> None:
            options = shared(**{field.name: given.pop(field.name) for field in fields(shared)})
            command(**given, options=options)

        # Typer reads the first, and older versions the second as well.
        called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        called.__annotations__ = {each.name: each.annotation for each in parameters}
        return called

    return decorated
