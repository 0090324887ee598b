"""Watch mode: chosen actions raise an alarm. Works with and without demo mode."""
