"""Training of small language models in torch; imported only where training happens."""
