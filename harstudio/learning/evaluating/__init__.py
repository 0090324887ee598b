"""How well trained networks do: answers, figures, comparisons, worse conditions."""
