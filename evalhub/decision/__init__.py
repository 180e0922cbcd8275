"""The decision itself: policy, criteria, verdict, record. Pure: no database, no Django."""
