"""Comments: what people of a project say about an item, a criterion or a decision."""
