"""How somebody moves in the selected clip, and reports of it."""
