"""Live: sensors, pose, recorder and the pipeline that recognises; a recording that still grows."""
