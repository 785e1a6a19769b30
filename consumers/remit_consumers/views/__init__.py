"""Views: what each purpose may see of the lake, as files of its own, and how they are read."""
