"""SPDY/3.1, as far as kubectl's exec, attach and port-forward need it: framing and the server's side of a
connection. Used by the modules of `tutorial.sandbox.api` that carry streams."""
