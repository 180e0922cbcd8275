"""REST for programs, /api/v1: each endpoint makes one domain call and answers with a declared shape

How to add an endpoint: a class in `views/` on `ProjectEndpoint` with `scopes` by method, whose
methods are described with `describes(...)`; its address in `urls.py`; its rows in
docs/reference/access.md; what it takes and gives as declarations in `shapes.py` or
`evalhub.declare`; the exceptions of its verb in `problems.py`. Then `make openapi` writes the
document anew.
"""
