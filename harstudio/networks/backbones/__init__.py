"""Published backbones, written afresh; parameters keep the published names."""
