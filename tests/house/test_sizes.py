"""Sizes: a function fits on a screen, a module is one idea."""

from statistics import quantiles

from kit.tree import Function, functions_of, lines_of, modules

FUNCTION_LINES_MAX = 50
FUNCTION_LINES_P90 = 25
MODULE_LINES_MAX = 400
PARAMETERS_MAX = 5  # a command's (remit_cli) are its options, and are named by who types them
GENERATED = {"remit_schemas.events"}  # one parameter for each field of a contract
DESIGNED = {
    "remit.client.Client.__init__",
    "remit.client.Client.consent",
    "remit_consumers.erasure.erase.erase",  # one by keyword: an account that is cancelled
    "remit.asgi.RemitMiddleware.__init__",  # frameworks hand options on by name
    "remit.wsgi.RemitMiddleware.__init__",
}  # six, five of them by keyword: the design's own signatures


def parameters_of(function: Function) -> list[str]:
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [argument.arg for argument in named if argument.arg not in ("self", "cls")]


def all_functions() -> list[tuple[str, Function]]:
    """Give every function that a person wrote."""
    written = [module for module in modules().values() if module.name not in GENERATED]
    return [found for module in written for found in functions_of(module)]


def test_no_function_is_longer_than_fifty_lines() -> None:
    long = {name: n for name, f in all_functions() if (n := lines_of(f)) > FUNCTION_LINES_MAX}
    assert not long


def test_nine_of_ten_functions_fit_in_twenty_five_lines() -> None:
    assert quantiles((lines_of(f) for _, f in all_functions()), n=10)[8] <= FUNCTION_LINES_P90


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    counts = {
        m.name: len(m.path.read_text().splitlines())
        for m in modules().values()
        if m.name not in GENERATED
    }
    assert not {name: count for name, count in counts.items() if count > MODULE_LINES_MAX}


def test_no_function_takes_more_than_five_parameters() -> None:
    many = {
        name: len(parameters_of(f))
        for name, f in all_functions()
        if len(parameters_of(f)) > PARAMETERS_MAX
        if name not in DESIGNED and not name.startswith("remit_cli.")
    }
    assert not many
