"""The one table of targets, for Hypothesis and atheris alike."""

from types import MappingProxyType

from fuzz import consents, doors, files, lines, on_the_log, values, web

TARGETS = MappingProxyType(
    {
        target.name: target
        for module in (on_the_log, consents, web, doors, lines, files, values)
        for target in module.TARGETS
    }
)
