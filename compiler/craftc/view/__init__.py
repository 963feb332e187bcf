"""What people look at: pictures, layers as text, and the origin of a block (`why`)."""

from craftc.view.why import why

__all__ = ["why"]
