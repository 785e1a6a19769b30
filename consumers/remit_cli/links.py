"""`remit subject link`: a link to somebody's own page, for a product that has just recognised them."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from remit_cli.options import Data, Json, Subject, print_json, read_subject, settings_of

PAGE = "http://127.0.0.1:8080/my/"
"""Where the page is on one's own machine."""


def link(  # noqa: PLR0913 - options of a command, named by who types them
    subject: Subject,
    *,
    at: Annotated[str, typer.Option("--at", help="Address of the page.")] = PAGE,
    minutes: Annotated[int, typer.Option("--minutes", help="How long it lives: 1 to 15.")] = 10,
    tenant: Annotated[str, typer.Option("--tenant", help="Whose customer it is.")] = "",
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make a link that opens somebody's own page, once; for a product that has just recognised them.

    The code is for an export: it goes to them by another way than the link, such as e-mail.

    Example: echo u17 | remit subject link - --at https://shop.example/my/
    """
    from remit_consumers.deployment import Deployment  # noqa: PLC0415 - Arrow and Delta only where they are used
    from remit_consumers.erasure.scope import SubjectRef  # noqa: PLC0415 - as above
    from remit_consumers.my.links import Links  # noqa: PLC0415 - as above

    about = SubjectRef(tenant, read_subject(subject))
    links = Links.of(Deployment.open(settings_of(data)))
    made = links.make(about, datetime.now(UTC), timedelta(minutes=minutes))
    address = f"{at.partition('#')[0]}#{made.token}"
    if as_json:
        print_json({"link": address, "code": made.code, "ends_at": made.ends_at})
    else:
        typer.echo(f"{address}\ncode {made.code}, until {made.ends_at:%H:%M:%S} UTC")
