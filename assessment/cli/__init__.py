"""The `joint-review` command."""
