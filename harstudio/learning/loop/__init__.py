"""The training loop: stages, epochs, steps, and what each of them is made of."""
