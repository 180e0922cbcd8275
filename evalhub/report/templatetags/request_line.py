"""The request's id on the page of an error, by which the log is searched."""

from django import template
from django.utils.html import format_html

from evalhub.logs import request_id

register = template.Library()


@register.simple_tag
def request_line() -> str:
    """`{% request_line %}`: the id of the request that is answered; nothing where there is none."""
    if not (identity := request_id()):
        return ""
    return format_html('<p class="dim small">Request <code>{}</code></p>', identity)
