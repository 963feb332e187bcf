"""CraftGPT: the weight files of the redstone language model that was built by hand, as a model of ours."""

from craftc.model.craftgpt.convert import export_craftgpt, import_craftgpt, weight_files

__all__ = ["export_craftgpt", "import_craftgpt", "weight_files"]
