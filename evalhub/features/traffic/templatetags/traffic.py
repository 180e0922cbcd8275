"""How figures of production are written in its pages, and the addresses of its requests."""

from django import template

from evalhub.features.traffic.page_data.charts import dollars, latency_text, share_text
from evalhub.features.traffic.page_data.controls import slice_label
from evalhub.features.traffic.page_data.request_page import request_address

register = template.Library()

register.filter("latency", latency_text)
register.filter("dollars", dollars)
register.filter("share_of_requests", share_text)
register.filter("slice_label", slice_label)
register.filter("request_address", request_address)
