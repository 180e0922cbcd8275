"""The record of a review: judgments and events in hash chains, sealed at the end, verified."""
