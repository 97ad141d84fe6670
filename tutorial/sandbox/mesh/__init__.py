"""The mesh: sidecar injection, and the configuration of each sidecar's Envoy.

The supervisor makes `injection.Injector()` (the API's `Admission`) and
`control.MeshControl(objects, folder)` (the node's `SidecarConfiguration`), the latter with
`async start()` and `async stop()`.
"""
