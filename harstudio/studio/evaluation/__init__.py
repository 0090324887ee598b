"""What a trained network gets right and wrong: figures, confusion matrix, the clips behind them."""
