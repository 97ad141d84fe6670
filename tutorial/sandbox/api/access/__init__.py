"""Who asks and whether they may: tokens, impersonation, RBAC, and the questions about them."""
