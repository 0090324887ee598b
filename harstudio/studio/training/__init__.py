"""The Train workspace: runs, their curves while they grow, and what can be done with them."""
