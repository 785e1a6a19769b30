"""`python -m remit_cli` is `remit`."""

from remit_cli import main

main()
