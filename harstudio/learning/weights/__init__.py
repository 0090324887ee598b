"""Weights as files: checkpoints, published ones, what a training begins from, what is passed on."""
