"""Training: what a run consists of, in files that are whole or not there at all."""
