"""craftc compiles trained, quantized neural networks into verified Minecraft redstone."""

__version__ = "0.1.0"
