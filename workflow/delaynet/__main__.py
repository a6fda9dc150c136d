"""`python -m delaynet`: the same as the command `delaynet`."""

from delaynet.cli import main

main()
