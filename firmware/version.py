"""The version of Tipring, told in greetings, on the page and in User-Agent; a test compares pyproject.toml."""

VERSION = "0.1.0"
