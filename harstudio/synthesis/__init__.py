"""Sample recordings and their labels: scripted actors seen by a virtual RGB-D camera."""
