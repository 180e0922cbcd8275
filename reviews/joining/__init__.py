"""Who reviews: admission, invitations, practice, and the owner's verbs on a reviewer."""
