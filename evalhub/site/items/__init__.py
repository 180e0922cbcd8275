"""The item browser: which items an address asks for, and all that is known of one of them.

naming: how an address names an item. filters: what it asks for → scope: whose answers, and what
of them may be shown → finding: the items, in their order → browsing, one_item: the two pages.
"""
