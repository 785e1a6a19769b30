"""Who may do what at the operator's side: roles, one-time tokens, sessions, limits."""
