"""`python -m vidstyle` is the command `vidstyle`."""

from vidstyle.cli.main import main

main()
