"""Links to an item's page."""

from django import template

from evalhub.site.items.naming import item_address

register = template.Library()
register.simple_tag(item_address)
