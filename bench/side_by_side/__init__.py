"""Engines measured side by side: the parts of bench/embedding."""
