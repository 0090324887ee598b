"""Help with labelling: what people labelled teaches a small head on the features of a run."""
