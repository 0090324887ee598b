"""From labelled recordings to trained networks: samples, preprocessing, training, evaluation."""
