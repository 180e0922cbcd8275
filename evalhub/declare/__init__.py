"""What may be handed in and what is handed out, each declared once (pydantic).

A declaration's fields say their default, range and description; errors, the published JSON Schema
and the documents come from it. Pure. Plug-ins (metrics, backends) declare their own options in
their own files, and `evalhub.studies` puts them together: nothing here names one of them.
"""
