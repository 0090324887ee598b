"""What can be said: labels and attributes, and changes of them."""
