"""A class: for each attendee a pair of namespaces, a role for the task and a kubeconfig file."""
