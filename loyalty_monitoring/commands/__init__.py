"""One module per command: options, help text, one call into a room below, output. No logic."""
