"""egress-tutorial: replays a documented Kubernetes task step by step, for real.

The rooms of this package and who may import whom are drawn in docs/architecture.md.
"""

__version__ = "0.1.0"
