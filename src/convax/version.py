"""The version, where both the package and what a measurement holds for read it."""

__all__ = ["__version__"]

__version__ = "0.1.0"
