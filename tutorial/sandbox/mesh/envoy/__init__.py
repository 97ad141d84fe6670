"""What a sidecar's Envoy is told: bootstrap, listeners, routes, clusters, as istiod makes them.

Pure functions from the mesh's view to JSON-ready dicts, called by `mesh.control`; `admin` asks a
running Envoy. The Envoy is a stock one: what Istio's own filters would do, its routes do.
"""
