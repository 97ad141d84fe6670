"""The internet: one more pod of the node, in which httpbin.org and Wikipedia's stand-in answer.

The supervisor makes `service.Internet(node, folder)` with `async start()` and `async stop()`; its
`authority` is the PEM text of the certificate authority that pods trust. `names.OUTSIDE_NAMES` is
the table of names that the cluster's DNS answers.
"""
