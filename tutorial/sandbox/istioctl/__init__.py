"""The sandbox's own small `istioctl`: injection by hand, and nothing else of Istio's program.

The supervisor writes it with `program.write_program` into the sandbox's `bin/`, which runs and
`sandbox shell` have on their PATH; there it starts `python -m tutorial.sandbox.istioctl`.
"""
