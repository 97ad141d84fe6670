"""The node's network: netlink, nftables rules, the service proxy and the cluster's DNS.

The supervisor makes `service_proxy.ServiceProxy(objects, plane)` and
`dns.DnsServer(objects, plane, outside_names)`, each with `async start()` and `async stop()`; the
address of `service_proxy.CLUSTER_DNS` must be the node's by then. The node agent uses `netlink`.
"""
