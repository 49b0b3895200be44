"""`python -m firmware` is the `tipring` command; see `cli.py`."""

from firmware.cli import main

raise SystemExit(main())
